-- When the switch to a model was announced to the processes of the database. At most one model has it.
alter table embedding_model add column switched_at timestamptz;
