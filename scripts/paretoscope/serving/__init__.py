"""What an engine that talks to a server process needs: the process, the client, and the devices it runs on."""
