"""From strengths to pixels: scale, colour, overlay."""
