"""Who has the floor: pure logic over a stream of speech probabilities. No Django, no network, no models, no clock."""
