"""The fold of flow logs as SQL, for logs that are too large to read line by line.

An engine decides one thing alone: which lines differ in nothing but their time and the caller's port.  One of each such
group goes through the reader of its format, as every line does without an engine, so both say the same.  Lines that a
query is not sure of go through the reader one by one.

groups     rows of an answer -> the table; lines that were left out -> the reader
hubble     the query for Hubble's lines
vpc        the query for VPC flow logs, as text and Parquet, and for the engines of others
"""
