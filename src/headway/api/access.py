"""What calls depend on: who may ask (where keys exist, only who has the scope `manage`), and what they are about."""

from typing import Annotated

from fastapi import Depends, Header, Request

from headway.control.keys import MANAGE, Verdict
from headway.control.operations import Operations
from headway.control.plane import ControlPlane
from headway.control.platform import Deployment
from headway.core.errors import HeadwayError


class MissingKeyError(HeadwayError):
    code = "missing_key"


class UnknownKeyError(HeadwayError):
    code = "unknown_key"


class WrongScopeError(HeadwayError):
    code = "wrong_scope"


async def plane(request: Request) -> ControlPlane:
    """The control plane that this application is for."""
    found: ControlPlane = request.app.state.plane
    return found


async def require_manage(
    control: Annotated[ControlPlane, Depends(plane)],
    authorization: Annotated[str, Header(description="Bearer KEY or Api-Key KEY, where keys exist")] = "",
) -> None:
    """Raises MissingKeyError, UnknownKeyError or WrongScopeError."""
    match control.keyring.judge(authorization, MANAGE):
        case Verdict.MISSING:
            raise MissingKeyError("this needs an API key", hint="send Authorization: Bearer KEY")
        case Verdict.UNKNOWN:
            raise UnknownKeyError("there is no such key", hint="headway keys create makes one")
        case Verdict.WRONG_SCOPE:
            raise WrongScopeError("the key lacks the scope manage", hint="headway keys create --scope manage")
        case Verdict.ACCEPTED:
            return


async def operations(control: Annotated[ControlPlane, Depends(plane)]) -> Operations:
    return control.operations


async def found(model: str, deployment: str, ops: Annotated[Operations, Depends(operations)]) -> Deployment:
    """The deployment that a path names, by its id or by an environment. Raises NotFoundError."""
    return ops.catalog.deployment(model, deployment)


Plane = Annotated[ControlPlane, Depends(plane)]
Ops = Annotated[Operations, Depends(operations)]
Found = Annotated[Deployment, Depends(found)]
