"""How an LMS's administrator connects the tool: by Dynamic Registration or by hand, with an invitation."""
