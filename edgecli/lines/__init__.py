"""From strengths to lines: thinning, crossings, linking, thresholds."""
