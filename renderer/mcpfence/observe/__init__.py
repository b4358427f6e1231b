"""Flow logs that clusters keep, compared with the fences: what would be denied, what is not used, what is unknown.

lines      bytes of a file -> lines: compressed, in JSON arrays, behind prefixes of the container runtime
readers/   a line -> records: one module and one row for each format, with what it cannot show
table      records -> one flat table of flows: replies folded, equal flows joined by day
snapshot   pods.json and services.json -> whose an address was, and when
names      DNS answers -> the one name that an address stood for
judge      flows against the fences of the plan -> what would be denied, is not used, is unknown, is denied already
report     all of it, for people and programs
"""
