# Reads a formula as Homebrew does, without Homebrew: `ruby lint.rb FORMULA` prints the file and digest of each address,
# and fails where something is missing. `brew audit` says more, and wants macOS or Linuxbrew.
module Language; module Python; module Virtualenv; end; end; end

class Formula
  class << self
    attr_reader :said, :resources

    def inherited(child)
      super
      child.instance_variable_set(:@said, {})
      child.instance_variable_set(:@resources, [])
      (@formulas ||= []) << child
    end

    def formulas = @formulas || []

    %i[desc homepage url sha256 license].each { |key| define_method(key) { |value| @said[key] = value } }

    def depends_on(name) = (@said[:depends] ||= []) << name

    def resource(name, &block)
      inner = Class.new(Formula)
      inner.class_eval(&block)
      @resources << [name, inner]
    end

    def test(&block) = @said[:test] = block
  end
end

load ARGV.fetch(0)
formula = Formula.formulas.find { |one| one.name == "Mcpfence" } or abort "no class Mcpfence"
%i[desc homepage url sha256 license depends test].each { |key| formula.said[key] or abort "no #{key}" }
formula.method_defined?(:install) or abort "no install"
formula.said[:desc].size <= 80 or abort "desc: longer than 80 characters"
formula.said[:desc].match?(/\A(A|An|The) |\.\z/) and abort "desc: an article, or a full stop"
[formula, *formula.resources.map(&:last)].each do |one|
  one.said[:sha256].match?(/\A\h{64}\z/) or abort "sha256: #{one.said[:sha256]}"
  puts "#{one.said[:url].rpartition('/').last} #{one.said[:sha256]}"
end
