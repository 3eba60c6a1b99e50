"""What the planner refuses, in words for whoever asked."""

from headway.core.errors import HeadwayError


class InvalidGoalError(HeadwayError):
    """What tune is to reach is not said in its words."""

    code = "invalid_goal"


class InvalidScenarioError(HeadwayError):
    """What is to be simulated makes no sense."""

    code = "invalid_scenario"


class InvalidDurationError(HeadwayError):
    """A length of time is not said in the planner's words."""

    code = "invalid_duration"
