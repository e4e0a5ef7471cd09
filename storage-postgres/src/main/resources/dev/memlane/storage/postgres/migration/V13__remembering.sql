-- The message up to which a conversation has been remembered: the slices up to there are done, or are dead letters.
alter table conversation add column remembered bigint not null default 0;

-- Slices of conversations that are being remembered, and those that could not be: the dead letters. A slice that is done
-- has no row.
create table remembered_slice (
  conversation bigint not null,
  -- the slice begins after this message, and ends with that one; both never change
  after_position bigint not null,
  last_position bigint not null,
  -- 1 under way, 2 a dead letter
  state smallint not null check (state between 1 and 2),
  -- of a dead letter: the step whose answers were no use, why, and since when
  failed_step text,
  failure text,
  failed_at timestamptz,
  primary key (conversation, after_position)
);
create index remembered_slice_dead on remembered_slice (failed_at) where state = 2;

-- What a model has answered for a slice: written once, and never asked again. It goes with its slice.
create table remembered_answer (
  conversation bigint not null,
  after_position bigint not null,
  step text not null,
  attempt smallint not null,
  -- JSON: the ids and operations of the memories that the model was shown; no contents
  shown text not null,
  answer text not null,
  -- 1 complete, 2 cut off, 3 refused
  ended smallint not null check (ended between 1 and 3),
  answered_at timestamptz not null,
  primary key (conversation, after_position, step, attempt)
);
