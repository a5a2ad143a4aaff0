-- The record: streams, events, commands, the rows that follow from them, and who may act on what rules.
-- `infra/postgres/record/tables.py` says what each table holds; a test keeps both equal.

CREATE TABLE calendars (
  digest text NOT NULL,
  content text NOT NULL,
  kept_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT calendars_pkey PRIMARY KEY (digest)
);

CREATE TABLE oversight_orders (
  stream text NOT NULL,
  name text NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  ordered_at timestamptz NOT NULL,
  ordered_by text NOT NULL,
  clock text,
  answer_by date,
  listed boolean NOT NULL,
  status text NOT NULL,
  answers smallint NOT NULL,
  CONSTRAINT oversight_orders_pkey PRIMARY KEY (stream, name)
);
CREATE INDEX oversight_orders_department_idx ON oversight_orders (department, ordered_at, stream, name);
CREATE INDEX oversight_orders_ordered_idx ON oversight_orders (ordered_at, stream, name);
CREATE INDEX oversight_orders_standing_idx ON oversight_orders (ordered_at, stream, name)
  WHERE status IN ('open', 'answered');

CREATE TABLE holdings (
  stream text NOT NULL,
  number smallint NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  held_from timestamptz NOT NULL,
  held_to timestamptz,
  ended text,
  ground text,
  first_dispatched_at timestamptz,
  signed_at timestamptz,
  fed_back_at timestamptz,
  paused_ground text,
  handed_back_by text,
  signing integer,
  signing_paused integer,
  handling integer,
  handling_paused integer,
  real_time integer,
  real_time_paused integer,
  held integer,
  held_paused integer,
  altogether integer,
  altogether_paused integer,
  CONSTRAINT holdings_pkey PRIMARY KEY (stream, number)
);
CREATE INDEX holdings_fed_back_idx ON holdings (department, fed_back_at)
  INCLUDE (region, channel, category, handling, handling_paused, real_time, real_time_paused)
  WHERE fed_back_at IS NOT NULL;
CREATE INDEX holdings_lasting_idx ON holdings (department) INCLUDE (region, channel, category) WHERE held_to IS NULL;
CREATE INDEX holdings_let_go_idx ON holdings (department, held_to)
  INCLUDE (region, channel, category, altogether, altogether_paused) WHERE altogether IS NOT NULL;
CREATE INDEX holdings_returned_idx ON holdings (department, held_to)
  INCLUDE (region, channel, category, ground) WHERE ended = 'returned';
CREATE INDEX holdings_signed_idx ON holdings (department, signed_at)
  INCLUDE (region, channel, category, signing, signing_paused) WHERE signed_at IS NOT NULL;
CREATE INDEX holdings_waiting_idx ON holdings (department)
  INCLUDE (region, channel, category, paused_ground, handed_back_by)
  WHERE paused_ground IS NOT NULL OR handed_back_by IS NOT NULL;

CREATE TABLE departments (
  code text NOT NULL,
  name text NOT NULL,
  region text NOT NULL,
  active boolean DEFAULT true NOT NULL,
  CONSTRAINT departments_pkey PRIMARY KEY (code)
);

CREATE TABLE accounts (
  account text NOT NULL,
  password_hash text DEFAULT '' NOT NULL,
  name text DEFAULT '' NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  roles text[] NOT NULL,
  active boolean DEFAULT true NOT NULL,
  stream text,
  kind text,
  stage text,
  responsible text,
  steps integer DEFAULT 0 NOT NULL,
  closed boolean DEFAULT false NOT NULL,
  grants jsonb DEFAULT '[]' NOT NULL,
  substitutions jsonb DEFAULT '[]' NOT NULL,
  demo boolean DEFAULT false NOT NULL,
  passwords integer DEFAULT 0 NOT NULL,
  must_change boolean DEFAULT false NOT NULL,
  name_ref uuid,
  opened_at timestamptz,
  version integer DEFAULT 0 NOT NULL,
  head_hash text,
  CONSTRAINT accounts_pkey PRIMARY KEY (account)
);
CREATE INDEX accounts_department_idx ON accounts (department, account);
CREATE INDEX accounts_roles_idx ON accounts USING gin (roles);
CREATE UNIQUE INDEX accounts_stream_idx ON accounts (stream);
CREATE INDEX accounts_substitutions_idx ON accounts USING gin (substitutions);

CREATE TABLE rulebooks (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  book text NOT NULL,
  name text NOT NULL,
  edition text NOT NULL,
  digest text NOT NULL,
  rows integer NOT NULL,
  adopted_at timestamptz NOT NULL,
  CONSTRAINT rulebooks_pkey PRIMARY KEY (stream)
);

CREATE TABLE founding (
  single boolean DEFAULT true NOT NULL,
  secret_hash text NOT NULL,
  made_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT founding_single_check CHECK (single),
  CONSTRAINT founding_pkey PRIMARY KEY (single)
);

CREATE TABLE exports (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  form text NOT NULL,
  purpose text,
  filters jsonb NOT NULL,
  searched boolean NOT NULL,
  about text,
  requested_at timestamptz NOT NULL,
  completed_at timestamptz,
  expires_at timestamptz,
  rows integer,
  size bigint,
  digest text,
  with_texts boolean NOT NULL,
  failure text,
  fetched integer NOT NULL,
  fetched_at timestamptz,
  progress integer DEFAULT 0 NOT NULL,
  total integer,
  CONSTRAINT exports_pkey PRIMARY KEY (stream)
);
CREATE INDEX exports_account_idx ON exports (account, requested_at, stream);
CREATE INDEX exports_requested_at_idx ON exports (requested_at, stream);

CREATE TABLE lookups (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  sought text NOT NULL,
  mark text NOT NULL,
  purpose text NOT NULL,
  reason uuid NOT NULL,
  made_at timestamptz NOT NULL,
  hits integer,
  CONSTRAINT lookups_pkey PRIMARY KEY (stream)
);
CREATE INDEX lookups_account_idx ON lookups (account, made_at, stream);
CREATE INDEX lookups_made_at_idx ON lookups (made_at, stream);

CREATE TABLE clock_ends (
  stream text NOT NULL,
  version integer NOT NULL,
  clock text NOT NULL,
  recorded_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  kind text NOT NULL,
  owed_by text NOT NULL,
  verdict text NOT NULL,
  CONSTRAINT clock_ends_pkey PRIMARY KEY (stream, version, clock)
);

CREATE TABLE reports (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  month text NOT NULL,
  as_of timestamptz NOT NULL,
  frozen_at timestamptz NOT NULL,
  digest text NOT NULL,
  issued integer NOT NULL,
  CONSTRAINT reports_pkey PRIMARY KEY (stream)
);
CREATE INDEX reports_frozen_at_idx ON reports (frozen_at, stream);

CREATE TABLE notice_settings (
  account text NOT NULL,
  channel text NOT NULL,
  ref uuid NOT NULL,
  groups text[] NOT NULL,
  digest_hour smallint,
  asked_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  tries smallint DEFAULT 0 NOT NULL,
  confirmed_at timestamptz,
  since timestamptz,
  CONSTRAINT notice_settings_digest_hour_check CHECK (digest_hour BETWEEN 0 AND 23),
  CONSTRAINT notice_settings_pkey PRIMARY KEY (account, channel)
);
CREATE UNIQUE INDEX notice_settings_ref_idx ON notice_settings (ref);

CREATE TABLE notice_addresses (
  ref uuid NOT NULL,
  address text NOT NULL,
  CONSTRAINT notice_addresses_pkey PRIMARY KEY (ref)
);

CREATE TABLE notice_deliveries (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  kind text NOT NULL,
  account text NOT NULL,
  channel text NOT NULL,
  ref uuid NOT NULL,
  notice uuid,
  day date,
  from_at timestamptz,
  until_at timestamptz,
  created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  due_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  leased_until timestamptz,
  attempts smallint DEFAULT 0 NOT NULL,
  settled_at timestamptz,
  outcome text,
  CONSTRAINT notice_deliveries_pkey PRIMARY KEY (id)
);
CREATE INDEX notice_deliveries_codes_idx ON notice_deliveries (account, created_at) WHERE kind = 'confirmation';
CREATE UNIQUE INDEX notice_deliveries_day_idx ON notice_deliveries (account, channel, day) WHERE day IS NOT NULL;
CREATE INDEX notice_deliveries_dead_idx ON notice_deliveries (settled_at) WHERE outcome LIKE 'dead_letter:%';
CREATE INDEX notice_deliveries_due_idx ON notice_deliveries (due_at, id) WHERE settled_at IS NULL;
CREATE UNIQUE INDEX notice_deliveries_notice_idx ON notice_deliveries (notice, account, channel)
  WHERE notice IS NOT NULL;
CREATE INDEX notice_deliveries_ref_idx ON notice_deliveries (ref, settled_at);
CREATE INDEX notice_deliveries_settled_idx ON notice_deliveries (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE events (
  stream text NOT NULL,
  version integer NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  type text NOT NULL,
  recorded_at timestamptz NOT NULL,
  body text NOT NULL,
  hash text NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (stream, version)
);
CREATE INDEX events_administration_idx ON events (position) WHERE type LIKE 'account.%' OR type LIKE 'rulebook.%';
CREATE INDEX events_backdated_idx ON events (position) WHERE type = 'clue.time_excluded';
CREATE INDEX events_position_idx ON events (position);
CREATE INDEX events_xid_position_idx ON events (xid, position);

CREATE TABLE streams (
  stream text NOT NULL,
  kind text NOT NULL,
  version integer NOT NULL,
  hash text NOT NULL,
  recorded_at timestamptz NOT NULL,
  CONSTRAINT streams_pkey PRIMARY KEY (stream)
) WITH (fillfactor = 70);

CREATE TABLE commands (
  account text NOT NULL,
  key text NOT NULL,
  command_id uuid NOT NULL,
  slug text NOT NULL,
  fingerprint text NOT NULL,
  stream text,
  outcome jsonb,
  at timestamptz DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT commands_pkey PRIMARY KEY (account, key)
);
CREATE INDEX commands_elsewhere_idx ON commands USING gin ((outcome -> 'elsewhere')) WHERE outcome ? 'elsewhere';
CREATE INDEX commands_stream_idx ON commands (stream);

CREATE TABLE followed (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  alarm_clock text,
  alarm_mark text,
  alarm_at timestamptz,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  CONSTRAINT followed_pkey PRIMARY KEY (stream)
) WITH (fillfactor = 70);

CREATE TABLE cases (
  stream text NOT NULL,
  kind text NOT NULL,
  stage text NOT NULL,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  external_id text,
  lead text,
  responsible text NOT NULL,
  handler text,
  departments text[] NOT NULL,
  returns integer NOT NULL,
  reopenings integer NOT NULL,
  steps integer NOT NULL,
  registered_at timestamptz NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  number text,
  entity text,
  links text[] DEFAULT '{}' NOT NULL,
  received_at timestamptz,
  completed boolean DEFAULT false NOT NULL,
  migrated boolean DEFAULT false NOT NULL,
  result text,
  CONSTRAINT cases_pkey PRIMARY KEY (stream)
);
CREATE INDEX cases_city_idx ON cases (kind, "left"(region, 4), stage, registered_at, stream, category, channel);
CREATE INDEX cases_department_1_idx
  ON cases (kind, (departments[1]), stage, registered_at, stream, category, channel)
  WHERE departments[1] IS NOT NULL;
CREATE INDEX cases_department_2_idx
  ON cases (kind, (departments[2]), stage, registered_at, stream, category, channel)
  WHERE departments[2] IS NOT NULL;
CREATE INDEX cases_departments_idx ON cases USING gin (departments) WHERE cardinality(departments) > 2;
CREATE INDEX cases_desk_idx ON cases (kind, responsible, stage, registered_at, stream, category, channel);
CREATE INDEX cases_district_idx ON cases (kind, region, stage, registered_at, stream, category, channel);
CREATE INDEX cases_entity_idx ON cases (kind, entity, stage, registered_at, stream, category, channel)
  WHERE entity IS NOT NULL;
CREATE UNIQUE INDEX cases_external_id_idx ON cases (kind, channel, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX cases_hands_idx ON cases (kind, handler, stage, registered_at, stream, category, channel)
  WHERE handler IS NOT NULL;
CREATE INDEX cases_links_idx ON cases USING gin (links);
CREATE UNIQUE INDEX cases_number_idx ON cases (number) WHERE number IS NOT NULL;
CREATE INDEX cases_registered_at_idx ON cases (registered_at, stream);
CREATE INDEX cases_standing_idx ON cases (kind, stage, registered_at, stream, category, channel);
CREATE INDEX cases_ticket_idx ON cases (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE case_states (
  stream text NOT NULL,
  version integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  superseded_at timestamptz,
  happened_at timestamptz NOT NULL,
  outlived_at timestamptz,
  kind text NOT NULL,
  stage text NOT NULL,
  number text,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  external_id text,
  entity text,
  lead text,
  responsible text NOT NULL,
  handler text,
  departments text[] NOT NULL,
  links text[] NOT NULL,
  returns integer NOT NULL,
  reopenings integer NOT NULL,
  steps integer NOT NULL,
  received_at timestamptz,
  registered_at timestamptz NOT NULL,
  completed boolean NOT NULL,
  migrated boolean NOT NULL,
  closed boolean NOT NULL,
  result text,
  CONSTRAINT case_states_pkey PRIMARY KEY (stream, version)
);
CREATE INDEX case_states_open_idx ON case_states (stream) WHERE superseded_at IS NULL;

CREATE TABLE serials (
  series text NOT NULL,
  last integer NOT NULL,
  CONSTRAINT serials_pkey PRIMARY KEY (series)
) WITH (fillfactor = 50);

CREATE TABLE clocks (
  stream text NOT NULL,
  clock text NOT NULL,
  kind text NOT NULL,
  rule text NOT NULL,
  pack text NOT NULL,
  certainty text NOT NULL,
  standing text NOT NULL,
  owed_by text NOT NULL,
  started_at timestamptz NOT NULL,
  warn_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  breach_at timestamptz NOT NULL,
  provisional boolean NOT NULL,
  reached text[] NOT NULL,
  stopped_at timestamptz,
  outcome text,
  paused_at timestamptz,
  region text DEFAULT '' NOT NULL,
  channel text DEFAULT '' NOT NULL,
  category text DEFAULT '' NOT NULL,
  about text,
  level smallint DEFAULT 0 NOT NULL,
  extensions smallint DEFAULT 0 NOT NULL,
  calendar text DEFAULT '' NOT NULL,
  unsettled boolean DEFAULT false NOT NULL,
  CONSTRAINT clocks_pkey PRIMARY KEY (stream, clock)
);
CREATE INDEX clocks_answered_idx ON clocks (owed_by, outcome, stopped_at) WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_climbed_idx ON clocks (breach_at, stream, clock, level) WHERE stopped_at IS NULL AND level > 0;
CREATE INDEX clocks_ended_idx ON clocks (outcome, stopped_at) WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_ended_region_idx ON clocks ("left"(region, 4), outcome, stopped_at, region)
  WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_late_at_rest_idx ON clocks ((breach_at - paused_at), stream, clock)
  WHERE stopped_at IS NULL AND paused_at IS NOT NULL AND breach_at <= paused_at;
CREATE INDEX clocks_missed_idx ON clocks ((COALESCE(paused_at, stopped_at) - breach_at))
  WHERE stopped_at IS NOT NULL AND outcome = 'missed';
CREATE INDEX clocks_owed_idx ON clocks (owed_by, breach_at, stream, clock) WHERE stopped_at IS NULL;
CREATE INDEX clocks_region_idx ON clocks ("left"(region, 4), breach_at, stream, clock, region)
  WHERE stopped_at IS NULL;
CREATE INDEX clocks_resting_idx ON clocks (breach_at, stream, clock)
  WHERE stopped_at IS NULL AND paused_at IS NOT NULL;
CREATE INDEX clocks_rule_idx ON clocks (rule, breach_at, stream, clock) WHERE stopped_at IS NULL;
CREATE INDEX clocks_running_idx ON clocks (breach_at, stream, clock) WHERE stopped_at IS NULL;
CREATE INDEX clocks_unsettled_idx ON clocks (stream) WHERE stopped_at IS NULL AND unsettled;
CREATE INDEX clocks_warned_idx ON clocks (owed_by, warn_at)
  INCLUDE (stream, region, channel, category, breach_at, paused_at) WHERE stopped_at IS NULL;

CREATE TABLE effects (
  id uuid NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  kind text NOT NULL,
  recipient text NOT NULL,
  subject text NOT NULL,
  params jsonb NOT NULL,
  body jsonb,
  created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  done_at timestamptz,
  outcome text,
  attempts smallint DEFAULT 0 NOT NULL,
  CONSTRAINT effects_pkey PRIMARY KEY (id)
);
CREATE INDEX effects_stream_idx ON effects (stream, version);
CREATE INDEX effects_undone_idx ON effects (created_at) WHERE done_at IS NULL;

CREATE TABLE outbox (
  stream text NOT NULL,
  last integer NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  lane text NOT NULL,
  advance jsonb NOT NULL,
  created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  leased_until timestamptz,
  CONSTRAINT outbox_pkey PRIMARY KEY (stream, last)
);
CREATE INDEX outbox_lane_idx ON outbox (lane, xid, position);

CREATE TABLE vault (
  ref uuid NOT NULL,
  stream text NOT NULL,
  field text NOT NULL,
  salt bytea,
  text text,
  kept_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  erased_at timestamptz,
  CONSTRAINT vault_pkey PRIMARY KEY (ref)
);
CREATE INDEX vault_erased_at_idx ON vault (erased_at) WHERE erased_at IS NOT NULL;
CREATE INDEX vault_stream_idx ON vault (stream);

CREATE TABLE search (
  ref uuid NOT NULL,
  stream text NOT NULL,
  registered_at timestamptz NOT NULL,
  grams integer[] NOT NULL,
  folded text NOT NULL,
  CONSTRAINT search_pkey PRIMARY KEY (ref)
);
CREATE INDEX search_grams_idx ON search USING gin (grams) WITH (gin_pending_list_limit = 256);
CREATE INDEX search_stream_idx ON search (stream);

CREATE TABLE reporter_marks (
  mark bytea NOT NULL,
  ref uuid NOT NULL,
  stream text NOT NULL,
  CONSTRAINT reporter_marks_pkey PRIMARY KEY (mark, ref)
);
CREATE INDEX reporter_marks_ref_idx ON reporter_marks (ref);
CREATE INDEX reporter_marks_stream_idx ON reporter_marks (stream);

CREATE TABLE inbox (
  effect_id uuid NOT NULL,
  recipient text NOT NULL,
  stream text NOT NULL,
  subject text NOT NULL,
  params jsonb NOT NULL,
  created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  read_at timestamptz,
  read_by text,
  CONSTRAINT inbox_pkey PRIMARY KEY (effect_id)
);
CREATE INDEX inbox_recipient_idx ON inbox (recipient, created_at, effect_id);
CREATE INDEX inbox_stream_idx ON inbox (stream);
CREATE INDEX inbox_unread_idx ON inbox (recipient, created_at, effect_id) WHERE read_at IS NULL;

CREATE TABLE projections (
  name text NOT NULL,
  xid xid8 NOT NULL,
  position bigint NOT NULL,
  updated_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT projections_pkey PRIMARY KEY (name)
);

CREATE TABLE checkpoints (
  id bigint GENERATED ALWAYS AS IDENTITY,
  note text NOT NULL,
  at timestamptz NOT NULL,
  CONSTRAINT checkpoints_pkey PRIMARY KEY (id)
);

CREATE TABLE saved_filters (
  account text NOT NULL,
  slug text NOT NULL,
  title text NOT NULL,
  query jsonb NOT NULL,
  pinned boolean NOT NULL,
  place integer NOT NULL,
  changed_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT saved_filters_pkey PRIMARY KEY (account, slug)
);

CREATE TABLE login_attempts (
  subject text NOT NULL,
  failures integer NOT NULL,
  last_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  blocked_until timestamptz NOT NULL,
  CONSTRAINT login_attempts_pkey PRIMARY KEY (subject)
);
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);

CREATE TABLE schema_floor (
  single boolean DEFAULT true NOT NULL,
  revision text NOT NULL,
  CONSTRAINT schema_floor_single_check CHECK (single),
  CONSTRAINT schema_floor_pkey PRIMARY KEY (single)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the record is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OF stream, version, position, type, recorded_at, body, hash
  ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Grams are only looked up by their index: counting them costs much and tells nothing.
ALTER TABLE search ALTER COLUMN grams SET STATISTICS 0;
ALTER TABLE search ALTER COLUMN grams SET STORAGE EXTERNAL;

-- How many rows a province or a city has cannot be told from whole region codes.
CREATE STATISTICS cases_province ON "left"(region, 2) FROM cases;
CREATE STATISTICS clocks_city ON "left"(region, 4) FROM clocks;

-- An index answers without the rows only where pages are known to be visible to all, which VACUUM notes.
ALTER TABLE holdings SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE clocks SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

INSERT INTO schema_floor (revision) VALUES ('0001');
