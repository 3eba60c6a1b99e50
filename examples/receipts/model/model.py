"""Reads receipts with PP-OCR on ONNX Runtime; the weights come inside the rapidocr wheel."""

import base64
import binascii
import io

import cv2
import httpx
import numpy as np
from fastapi import HTTPException
from PIL import Image, ImageOps
from rapidocr_onnxruntime import RapidOCR

LARGEST_BYTES = 20 * 1024 * 1024


class Model:
    def load(self):
        cv2.setNumThreads(1)
        self._reader = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
        self._client = httpx.Client(timeout=30, follow_redirects=True)

    def preprocess(self, request):
        """Get the picture: `image` holds it in base64, or `url` tells where it is."""
        match request:
            case {"image": str(encoded)}:
                return _decode(_unpack(encoded))
            case {"url": str(url)}:
                return _decode(self._fetch(url))
        raise HTTPException(400, 'expected {"image": "<base64>"} or {"url": "https://..."}')

    def predict(self, picture):
        found, _seconds = self._reader(picture)
        return found or []

    def postprocess(self, found):
        lines = [
            {
                "text": text,
                "score": round(float(score), 4),
                "box": [[round(x), round(y)] for x, y in corners],
            }
            for corners, text, score in found
        ]
        return {"text": "\n".join(line["text"] for line in lines), "lines": lines}

    def _fetch(self, url):
        content = bytearray()
        try:
            with self._client.stream("GET", url) as response:
                response.raise_for_status()
                for part in response.iter_bytes():
                    content += part
                    if len(content) > LARGEST_BYTES:
                        raise HTTPException(413, f"{url} is larger than {LARGEST_BYTES} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HTTPException(400, f"{url} cannot be fetched: {error}") from error
        return bytes(content)


def _unpack(encoded):
    try:
        return base64.b64decode(encoded.rpartition(",")[2], validate=True)  # a data: URL will do too
    except binascii.Error as error:
        raise HTTPException(400, "image is no valid base64") from error


def _decode(content):
    """The picture as the reader wants it: height x width x (blue, green, red), the right way up."""
    try:
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise HTTPException(400, "the content is no picture that can be read") from error
    return np.asarray(picture)[:, :, ::-1]
