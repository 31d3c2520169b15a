"""A strict LTI 1.3 platform for demo and tests: a site of its own, which judges the tool."""
