"""What the tools of others say about the API. They come from npm; nothing else here needs Node."""
