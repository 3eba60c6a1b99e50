"""Classifies a handwritten digit: S3 in, scikit-learn, S3 out, each in a stage of its own."""

import io
from urllib.parse import urlsplit

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError
from fastapi import HTTPException
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

SIDE = 8  # the data set's pictures are 8 x 8, each pixel a darkness from 0 to 16
DARKEST = 16
WHITE = 255
LARGEST_BYTES = 10 * 1024 * 1024
LINK_LIFETIME = 3600  # seconds


class Model:
    def __init__(self, secrets):
        self._secrets = secrets

    def load(self):
        """Train on the data set that scikit-learn carries, in about a tenth of a second."""
        pixels, labels = load_digits(return_X_y=True)
        self._classifier = LogisticRegression(max_iter=200).fit(pixels / DARKEST, labels)
        # boto3 itself reads AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION. One client serves all threads.
        self._s3 = boto3.client(
            "s3",
            aws_access_key_id=self._secrets["aws_access_key_id"],
            aws_secret_access_key=self._secrets["aws_secret_access_key"],
            config=Config(
                connect_timeout=5, read_timeout=30, max_pool_connections=32, signature_version="s3v4"
            ),
        )

    def preprocess(self, request):
        """Fetch the picture at `request["image"]`, an s3:// address."""
        bucket, key = _place(request)
        picture = _decode(self._fetch(bucket, key))
        return {"bucket": bucket, "key": key, "picture": picture, "pixels": _pixels(picture)}

    def predict(self, prepared):
        prepared["probabilities"] = self._classifier.predict_proba([prepared["pixels"]])[0]
        return prepared

    def postprocess(self, predicted):
        """Store the picture with its label drawn in, and answer with a link to it."""
        probabilities = predicted["probabilities"]
        label = int(np.argmax(probabilities))
        annotated = _annotate(predicted["picture"], f"{label}  {probabilities[label]:.0%}")
        place = {"Bucket": predicted["bucket"], "Key": f"annotated/{predicted['key']}"}
        self._s3.put_object(**place, Body=annotated, ContentType="image/png")
        return {
            "label": label,
            "probabilities": [round(float(probability), 4) for probability in probabilities],
            "url": self._s3.generate_presigned_url("get_object", Params=place, ExpiresIn=LINK_LIFETIME),
        }

    def _fetch(self, bucket, key):
        try:
            stored = self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = 404 if code in {"NoSuchKey", "NoSuchBucket"} else 502
            raise HTTPException(status, f"s3://{bucket}/{key} cannot be read: {code}") from error
        if stored["ContentLength"] > LARGEST_BYTES:
            raise HTTPException(413, f"s3://{bucket}/{key} is larger than {LARGEST_BYTES} bytes")
        return stored["Body"].read()


def _place(request):
    address = request.get("image") if isinstance(request, dict) else None
    parts = urlsplit(address if isinstance(address, str) else "")
    key = parts.path.removeprefix("/")
    if parts.scheme != "s3" or not parts.netloc or not key:
        raise HTTPException(400, 'expected {"image": "s3://bucket/key"}')
    return parts.netloc, key


def _decode(content):
    try:
        return Image.open(io.BytesIO(content)).convert("L")
    except (OSError, Image.DecompressionBombError) as error:
        raise HTTPException(400, "the object is no picture that can be read") from error


def _pixels(picture):
    """The picture as the data set has it: 64 numbers from 0 (paper, which is most of it) to 1 (ink)."""
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=float)
    ink = WHITE - small if np.median(small) > WHITE / 2 else small
    return (ink / max(ink.max(), 1e-6)).ravel()


def _annotate(picture, text):
    """The picture, below a bar with the text, as a PNG file."""
    size = max(12, picture.width // 8)
    bar = 3 * size // 2
    annotated = Image.new("RGB", (picture.width, picture.height + bar), "#1d4ed8")
    annotated.paste(picture, (0, bar))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(annotated).text((size / 2, bar / 2), text, fill="white", font=font, anchor="lm")
    stored = io.BytesIO()
    annotated.save(stored, "PNG")
    return stored.getvalue()
