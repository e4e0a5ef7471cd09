-- Those who run tasks. Each opening of a runner begins an epoch, after which its former process can write nothing.
create table lane_runner (
  name text primary key,
  epoch bigint not null,
  opened_at timestamptz not null
);

-- Tasks of durable lanes, and the dead letters of all lanes.
create table lane_task (
  id uuid primary key,
  -- ascending in the order of submission
  number bigint generated always as identity,
  runner text not null,
  lane text not null,
  name text not null,
  -- unique within the runner while the task is kept
  key text,
  -- JSON; null for a dead letter that can't be run from here
  payload text,
  durable boolean not null,
  idempotent boolean not null,
  -- from submission to deadline, for a replay
  within_millis bigint,
  deadline timestamptz,
  -- 1 waiting, 2 running, 3 done, 4 failed: a dead letter, 5 cancelled
  state smallint not null check (state between 1 and 5),
  -- how many attempts have begun
  attempt integer not null,
  -- of the last attempt by a worker outside
  claim text,
  -- JSON
  result text,
  failures text[] not null,
  submitted_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz
) with (fillfactor = 70);
create unique index lane_task_key on lane_task (runner, key) where key is not null;
create index lane_task_open on lane_task (runner, number) where state <= 2;
create index lane_task_dead on lane_task (runner, ended_at, number) where state = 4;
create index lane_task_ended on lane_task (runner, ended_at) where state in (3, 5);
