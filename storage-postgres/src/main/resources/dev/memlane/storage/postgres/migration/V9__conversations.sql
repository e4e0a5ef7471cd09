-- Conversations. Every change of one updates its row first, which puts changes in order.
create table conversation (
  -- ascending in the order in which conversations began
  id bigint generated always as identity primary key,
  user_id text,
  agent_id text,
  run_id text not null,
  -- the position of the newest message
  last_position bigint not null,
  -- the number of changes of messages and window
  version bigint not null,
  -- set first when a conversation is deleted: from then on its scope is free, and its messages are on their way out
  deleted boolean not null default false
) with (fillfactor = 50);
create unique index conversation_scope on conversation (run_id, user_id, agent_id) nulls not distinct where not deleted;
create index conversation_user on conversation (user_id, id) where not deleted and user_id is not null;
create index conversation_agent on conversation (agent_id, id) where not deleted and agent_id is not null;
create index conversation_deleted on conversation (id) where deleted;

-- Their messages: a log, whose rows never change.
create table conversation_message (
  conversation bigint not null,
  -- ascending, possibly with gaps
  position bigint not null,
  id uuid not null,
  -- 1 system, 2 user, 3 assistant, 4 tool
  role smallint not null check (role between 1 and 4),
  text text,
  format text not null,
  payload text not null,
  -- text and payload contain characters that the type can't hold: these are written as \uXXXX, and a backslash as two
  escaped boolean not null,
  created_at timestamptz not null,
  primary key (conversation, position),
  unique (conversation, id)
);

-- The messages that are in the window, apart from the log, so that leaving the window changes no message.
create table conversation_window (
  conversation bigint not null,
  position bigint not null,
  -- of format and payload
  hash uuid not null,
  primary key (conversation, position)
);
