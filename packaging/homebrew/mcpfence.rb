# For a tap of one's own: a release fills in version and digests (tools/release.py).
class Mcpfence < Formula
  include Language::Python::Virtualenv

  desc "Fence in MCP servers on Kubernetes with static network policies"
  homepage "https://github.com/@REPOSITORY@"
  url "@RELEASES@/mcpfence-@VERSION@.tar.gz"
  sha256 "@SDIST@"
  license "Apache-2.0"

  depends_on "helm"
  depends_on "python@3.13"

  resource "man" do
    url "@RELEASES@/mcpfence-@VERSION@-man.tar.gz"
    sha256 "@MAN@"
  end

  def install
    # The versions that the GitHub Action and the image have, from the wheels of their authors.
    ENV["PIP_CONSTRAINT"] = ENV["PIP_BUILD_CONSTRAINT"] = buildpath/"action/constraints.txt"
    virtualenv_create(libexec, "python3.13", without_pip: false)
    system libexec/"bin/python", "-m", "pip", "install", buildpath
    bin.install_symlink libexec/"bin/mcpfence"
    generate_completions_from_executable(bin/"mcpfence", "completion", shells: [:bash, :zsh, :fish])
    resource("man").stage { man1.install Dir["*.1"] }
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/mcpfence --version")
  end
end
