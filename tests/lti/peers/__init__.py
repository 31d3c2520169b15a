"""Other people's LTI software beside ours: platforms that sign launches, and the bare library's tool."""
