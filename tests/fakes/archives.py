"""Trusses as the archives that somebody would send."""

import io
import tarfile
import zipfile

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"


def truss_files(config="model_name: echo", model=MODEL, **others):
    return {"config.yaml": config, "model/model.py": model, **others}


def tar(files, mode="w:gz", folder=""):
    """`files` are texts by their names; a TarInfo in place of a text stands for itself."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, text in files.items():
            if isinstance(text, tarfile.TarInfo):
                archive.addfile(text)
                continue
            data = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(folder + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def zipped(files, folder=""):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(folder + name, text)
    return content.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member
