class Model:
    async def websocket(self, websocket):
        await websocket.send_text(await websocket.receive_text())
