"""Why bytes or numbers are not a point of an elliptic curve: the reasons are the same for every curve."""


class PointError(ValueError):
    """What is not a point: the argument in ``field``, and why in ``reason``.

    Reasons: ``not-reduced`` (a field element is not below the modulus), ``not-on-curve``, ``not-in-subgroup``,
    ``bad-length``, ``bad-padding``.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
