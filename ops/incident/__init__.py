"""An incident from its start to its end: `reading` asks, `events` and `timeline` put together, `document` tells."""
