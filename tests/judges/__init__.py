"""Foreign clients as judges of a broker: each a process of its own, all with the same few words.

A program gets one argument, JSON, and knows nothing else:

    servers, group_id, member (its client id), topics, assignor ("range", "cooperative-sticky"),
    instance_id (null: a dynamic member), session_timeout_ms

It commits only when told to, begins at the earliest record where nothing is committed, and takes
commands on standard input, one a line:

    commit    the positions of all that it owns; `done` says that the broker has taken them
    ping      nothing; `done` comes after all that was told before
    close     in good order, as its maker means it (a static member stays in the group), and end

The end of its input means `close`, too. It says on standard output, one JSON object a line, each
with `event` and `t_ms` (wall-clock time):

    started    it has subscribed
    assigned   partitions {topic: [id]}: what it owns more than before, as its listener was told
    revoked    likewise less, told before the JoinGroup that gives it away; lost likewise
    read       records {topic: {id: [offset]}}
    done       command
    failed     error, if the program can say it; its end says it too
    closed     it has closed its consumer

`Judge` drives one of them from here, `Company` several in one group, `MAKERS` lists them.
"""
