"""How a filter bank is slid over a volume of pixels: plan, then apply, band by band."""

from edgecli.conv.engine import Convolution, convolve
from edgecli.conv.plan import Plan, plan_convolution

__all__ = ["Convolution", "Plan", "convolve", "plan_convolution"]
