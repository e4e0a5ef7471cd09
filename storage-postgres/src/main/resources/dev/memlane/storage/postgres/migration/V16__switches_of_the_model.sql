-- When the processes of the database were told to let calls go over to a model. At most one model has it.
alter table embedding_model add column switched_at timestamptz;
