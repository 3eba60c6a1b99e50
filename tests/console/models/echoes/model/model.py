class Model:
    async def websocket(self, websocket):
        async for text in websocket.iter_text():
            await websocket.send_text(text)
