"""Named filters and how their feature maps combine; contours."""
