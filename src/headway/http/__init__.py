"""HTTP/1.1 on asyncio protocols: the one implementation that gateway and model server share."""
