"""Every way in that must be refused, and every one that must not: played over HTTPS as a platform does it.

`checks` is the list, `platform` the LMS with its keys and pages, `browser` what
keeps the cookies and sends the forms, `targets` the tools, `run` plays every check
against every tool. `python -m tests.lti.negative --write docs/launch-checks.md`
writes the table.
"""
