"""JSON-RPC over HTTP: reading requests, finding methods, answering as Agave does."""
