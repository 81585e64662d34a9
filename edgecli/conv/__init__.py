"""How a filter bank is slid over a volume of pixels: plan, then apply, band by band."""

from edgecli.conv.engine import Slide, Slides, convolve, slide_over
from edgecli.conv.plan import Plan, plan_convolution

__all__ = ["Plan", "Slide", "Slides", "convolve", "plan_convolution", "slide_over"]
