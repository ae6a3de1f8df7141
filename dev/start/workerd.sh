#!/bin/sh
# Notes the pid that workerd is about to have, then becomes workerd: Miniflare keeps it to itself.
echo "$$" > "$WATCHBELL_WORKERD_PID_FILE" && exec "$WATCHBELL_WORKERD" "$@"
