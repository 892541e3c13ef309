"""A session's feeds in a file, to be looked at again after an incident.

The file is gzip over lines of JSON: a first line that says whose it is, then one a change of a feed. It holds what the
console showed, so whoever may not see that may not have the file.
"""
