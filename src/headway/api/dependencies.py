"""What calls depend on: the control plane they are for, and the deployment they are about."""

from typing import Annotated

from fastapi import Depends, Request

from headway.control.desired.state import Deployment
from headway.control.operations.operations import Operations
from headway.control.plane import ControlPlane
from headway.what_if.simulator import Simulator


async def plane(request: Request) -> ControlPlane:
    """The control plane that this application is for."""
    found: ControlPlane = request.app.state.plane
    return found


async def operations(control: Annotated[ControlPlane, Depends(plane)]) -> Operations:
    return control.operations


async def simulator(request: Request) -> Simulator:
    found: Simulator = request.app.state.simulator
    return found


async def found(model: str, deployment: str, ops: Annotated[Operations, Depends(operations)]) -> Deployment:
    """The deployment that a path names, by its id or by an environment. Raises NotFoundError."""
    return ops.catalog.deployment(model, deployment)


Plane = Annotated[ControlPlane, Depends(plane)]
Ops = Annotated[Operations, Depends(operations)]
Simulations = Annotated[Simulator, Depends(simulator)]
Found = Annotated[Deployment, Depends(found)]
