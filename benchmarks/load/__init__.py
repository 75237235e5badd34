"""Many members over sockets: a light client, and the brokers that it is pointed at."""
