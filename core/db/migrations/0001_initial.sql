-- Written by `python -m core.db.freeze` from the tables declared in core.

create extension if not exists pg_trgm;

create function refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'integrity_constraint_violation';
end
$$;

CREATE TABLE audit (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	actor UUID NOT NULL, 
	action TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	object_id UUID NOT NULL, 
	details JSONB NOT NULL, 
	CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_tenant_id_at_id_idx ON audit (tenant_id, at, id);

CREATE INDEX audit_tenant_id_object_id_id_idx ON audit (tenant_id, object_id, id);

alter table "audit" enable row level security;

alter table "audit" force row level security;

create policy tenant on "audit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "audit" to tallybook_app;

grant select on "audit" to tallybook_read;

create trigger append_only before update or delete on "audit" for each row execute function refuse_change();

create trigger never_truncated before truncate on "audit" for each statement execute function refuse_change();

CREATE TABLE category (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	parent_id UUID, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	path UUID[] NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT category_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT category_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT category_path_ends_here CHECK (path[cardinality(path)] = id), 
	CONSTRAINT category_tenant_id_parent_id_fkey FOREIGN KEY(tenant_id, parent_id) REFERENCES category (tenant_id, id)
);

CREATE UNIQUE INDEX category_tenant_id_changed_idx ON category (tenant_id, changed);

CREATE INDEX category_tenant_id_name_id_idx ON category (tenant_id, name, id);

CREATE INDEX category_tenant_id_parent_id_idx ON category (tenant_id, parent_id);

alter table "category" enable row level security;

alter table "category" force row level security;

create policy tenant on "category" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "category" to tallybook_app;

grant select on "category" to tallybook_read;

CREATE TABLE command (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	operation TEXT NOT NULL, 
	hash_version SMALLINT NOT NULL, 
	input_hash BYTEA NOT NULL, 
	outcome JSONB NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT command_pkey PRIMARY KEY (tenant_id, id)
);

alter table "command" enable row level security;

alter table "command" force row level security;

create policy tenant on "command" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "command" to tallybook_app;

grant select on "command" to tallybook_read;

create trigger append_only before update or delete on "command" for each row execute function refuse_change();

create trigger never_truncated before truncate on "command" for each statement execute function refuse_change();

CREATE TABLE item_guard (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	moved_through DATE, 
	CONSTRAINT item_guard_pkey PRIMARY KEY (tenant_id, item_id)
);

alter table "item_guard" enable row level security;

alter table "item_guard" force row level security;

create policy tenant on "item_guard" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "item_guard" to tallybook_app;

grant select on "item_guard" to tallybook_read;

CREATE TABLE module_job (
	tenant_id UUID NOT NULL, 
	module TEXT COLLATE "C" NOT NULL, 
	job TEXT COLLATE "C" NOT NULL, 
	slot TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT module_job_pkey PRIMARY KEY (tenant_id, module, job)
);

alter table "module_job" enable row level security;

alter table "module_job" force row level security;

create policy tenant on "module_job" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "module_job" to tallybook_app;

grant select on "module_job" to tallybook_read;

CREATE TABLE number_series (
	tenant_id UUID NOT NULL, 
	type TEXT NOT NULL, 
	day DATE NOT NULL, 
	last INTEGER NOT NULL, 
	CONSTRAINT number_series_pkey PRIMARY KEY (tenant_id, type, day)
);

alter table "number_series" enable row level security;

alter table "number_series" force row level security;

create policy tenant on "number_series" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "number_series" to tallybook_app;

grant select on "number_series" to tallybook_read;

CREATE TABLE outbox (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	topic TEXT NOT NULL, 
	payload JSONB NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT outbox_topic_length CHECK (octet_length(topic) <= 100), 
	CONSTRAINT outbox_payload_object CHECK (jsonb_typeof(payload) = 'object')
);

alter table "outbox" enable row level security;

alter table "outbox" force row level security;

create policy tenant on "outbox" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "outbox" to tallybook_app;

grant select on "outbox" to tallybook_read;

CREATE TABLE party (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	mnemonic TEXT NOT NULL, 
	is_supplier BOOLEAN NOT NULL, 
	is_customer BOOLEAN NOT NULL, 
	country TEXT, 
	address TEXT, 
	phone TEXT, 
	tax_number TEXT, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	search TEXT NOT NULL, 
	CONSTRAINT party_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT party_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT party_some_role CHECK (is_supplier or is_customer)
);

CREATE UNIQUE INDEX party_tenant_id_changed_idx ON party (tenant_id, changed);

CREATE INDEX party_tenant_id_name_id_idx ON party (tenant_id, name, id);

alter table "party" enable row level security;

alter table "party" force row level security;

create policy tenant on "party" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "party" to tallybook_app;

grant select on "party" to tallybook_read;

CREATE TABLE period_balance (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	period DATE NOT NULL, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT period_balance_pkey PRIMARY KEY (tenant_id, item_id, place_id, lot_id, period)
);

alter table "period_balance" enable row level security;

alter table "period_balance" force row level security;

create policy tenant on "period_balance" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "period_balance" to tallybook_app;

grant select on "period_balance" to tallybook_read;

CREATE TABLE period_pool (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	pool_id UUID NOT NULL, 
	period DATE NOT NULL, 
	quantity NUMERIC NOT NULL, 
	value NUMERIC NOT NULL, 
	CONSTRAINT period_pool_pkey PRIMARY KEY (tenant_id, item_id, pool_id, period)
);

alter table "period_pool" enable row level security;

alter table "period_pool" force row level security;

create policy tenant on "period_pool" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "period_pool" to tallybook_app;

grant select on "period_pool" to tallybook_read;

CREATE TABLE place (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	parent_id UUID, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	kind TEXT NOT NULL, 
	account TEXT, 
	zone TEXT, 
	path UUID[] NOT NULL, 
	negative_stock TEXT, 
	holds_stock BOOLEAN NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT place_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT place_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT place_tenant_id_account_key UNIQUE (tenant_id, account), 
	CONSTRAINT place_kind_known CHECK (kind in ('organisation','store','warehouse','bin','transit','work','processor','virtual')), 
	CONSTRAINT place_account CHECK ((kind in ('virtual','transit','work')) = (account is not null)), 
	CONSTRAINT place_path_ends_here CHECK (path[cardinality(path)] = id), 
	CONSTRAINT place_negative_stock CHECK (negative_stock in ('forbid','allow')), 
	CONSTRAINT place_tenant_id_parent_id_fkey FOREIGN KEY(tenant_id, parent_id) REFERENCES place (tenant_id, id)
);

CREATE UNIQUE INDEX place_tenant_id_changed_idx ON place (tenant_id, changed);

CREATE INDEX place_tenant_id_name_id_idx ON place (tenant_id, name, id);

CREATE INDEX place_tenant_id_parent_id_idx ON place (tenant_id, parent_id);

alter table "place" enable row level security;

alter table "place" force row level security;

create policy tenant on "place" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "place" to tallybook_app;

grant select on "place" to tallybook_read;

CREATE TABLE seal (
	tenant_id UUID NOT NULL, 
	sequence BIGINT NOT NULL, 
	content BYTEA NOT NULL, 
	hash BYTEA NOT NULL, 
	CONSTRAINT seal_pkey PRIMARY KEY (tenant_id, sequence)
);

alter table "seal" enable row level security;

alter table "seal" force row level security;

create policy tenant on "seal" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "seal" to tallybook_app;

grant select on "seal" to tallybook_read;

create trigger append_only before update or delete on "seal" for each row execute function refuse_change();

create trigger never_truncated before truncate on "seal" for each statement execute function refuse_change();

CREATE TABLE tenant (
	id UUID NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	edition TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT tenant_pkey PRIMARY KEY (id), 
	CONSTRAINT tenant_name_key UNIQUE (name)
);

grant select, insert, update on "tenant" to tallybook_app;

CREATE TABLE tenant_module (
	tenant_id UUID NOT NULL, 
	module TEXT COLLATE "C" NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	settings JSONB DEFAULT '{}' NOT NULL, 
	changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT tenant_module_pkey PRIMARY KEY (tenant_id, module)
);

alter table "tenant_module" enable row level security;

alter table "tenant_module" force row level security;

create policy tenant on "tenant_module" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "tenant_module" to tallybook_app;

grant select on "tenant_module" to tallybook_read;

CREATE TABLE tenant_sequence (
	tenant_id UUID NOT NULL, 
	posting BIGINT DEFAULT '0' NOT NULL, 
	change BIGINT DEFAULT '0' NOT NULL, 
	closed_through DATE, 
	rules_version BIGINT DEFAULT '1' NOT NULL, 
	halted BOOLEAN DEFAULT false NOT NULL, 
	last_posted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT tenant_sequence_pkey PRIMARY KEY (tenant_id)
);

alter table "tenant_sequence" enable row level security;

alter table "tenant_sequence" force row level security;

create policy tenant on "tenant_sequence" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "tenant_sequence" to tallybook_app;

grant select on "tenant_sequence" to tallybook_read;

CREATE TABLE tenant_setting (
	tenant_id UUID NOT NULL, 
	values JSONB DEFAULT '{}' NOT NULL, 
	CONSTRAINT tenant_setting_pkey PRIMARY KEY (tenant_id)
);

alter table "tenant_setting" enable row level security;

alter table "tenant_setting" force row level security;

create policy tenant on "tenant_setting" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "tenant_setting" to tallybook_app;

grant select on "tenant_setting" to tallybook_read;

CREATE TABLE unit (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	decimals SMALLINT NOT NULL, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	CONSTRAINT unit_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT unit_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT unit_decimals CHECK (decimals between 0 and 6)
);

CREATE UNIQUE INDEX unit_tenant_id_changed_idx ON unit (tenant_id, changed);

alter table "unit" enable row level security;

alter table "unit" force row level security;

create policy tenant on "unit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "unit" to tallybook_app;

grant select on "unit" to tallybook_read;

CREATE TABLE user_account (
	id UUID NOT NULL, 
	email TEXT COLLATE "C" NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT user_account_pkey PRIMARY KEY (id), 
	CONSTRAINT user_account_email_lower CHECK (email = lower(email)), 
	CONSTRAINT user_account_email_key UNIQUE (email)
);

grant select, insert, update on "user_account" to tallybook_app;

CREATE TABLE api_token (
	id UUID NOT NULL, 
	tenant_id UUID NOT NULL, 
	user_id UUID NOT NULL, 
	hash BYTEA NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT api_token_pkey PRIMARY KEY (id), 
	CONSTRAINT api_token_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenant (id), 
	CONSTRAINT api_token_user_id_fkey FOREIGN KEY(user_id) REFERENCES user_account (id), 
	CONSTRAINT api_token_hash_key UNIQUE (hash)
);

CREATE INDEX api_token_tenant_id_user_id_idx ON api_token (tenant_id, user_id);

grant select, insert, update on "api_token" to tallybook_app;

CREATE TABLE document (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	type TEXT NOT NULL, 
	state TEXT NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	number TEXT, 
	sequence BIGINT, 
	business_date DATE NOT NULL, 
	posted_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	created_by UUID NOT NULL, 
	approved_by UUID, 
	posted_by UUID, 
	changed BIGINT DEFAULT '0' NOT NULL, 
	party_id UUID, 
	party_name TEXT, 
	address TEXT, 
	country TEXT, 
	place_id UUID, 
	to_place_id UUID, 
	source_id UUID, 
	reverses_id UUID, 
	reference TEXT, 
	remark TEXT, 
	cause TEXT, 
	extra_cost NUMERIC, 
	cost_basis TEXT, 
	net NUMERIC DEFAULT '0' NOT NULL, 
	tax NUMERIC DEFAULT '0' NOT NULL, 
	total NUMERIC DEFAULT '0' NOT NULL, 
	extensions JSONB DEFAULT '{}' NOT NULL, 
	CONSTRAINT document_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT document_tenant_id_sequence_key UNIQUE (tenant_id, sequence), 
	CONSTRAINT document_tenant_id_reverses_id_key UNIQUE (tenant_id, reverses_id), 
	CONSTRAINT document_tenant_id_type_number_key UNIQUE (tenant_id, type, number), 
	CONSTRAINT document_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT document_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT document_tenant_id_to_place_id_fkey FOREIGN KEY(tenant_id, to_place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT document_tenant_id_source_id_fkey FOREIGN KEY(tenant_id, source_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT document_tenant_id_reverses_id_fkey FOREIGN KEY(tenant_id, reverses_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT document_state CHECK (state IN ('draft', 'submitted', 'approved', 'posted', 'closed')), 
	CONSTRAINT document_posted CHECK ((state = 'posted') = (sequence IS NOT NULL AND posted_at IS NOT NULL)), 
	CONSTRAINT document_numbered CHECK (state NOT IN ('posted', 'closed') OR number IS NOT NULL)
);

CREATE INDEX document_tenant_id_business_date_id_idx ON document (tenant_id, business_date, id);

CREATE INDEX document_tenant_id_changed_idx ON document (tenant_id, changed);

CREATE INDEX document_tenant_id_number_idx ON document (tenant_id, number);

CREATE INDEX document_tenant_id_party_id_business_date_idx ON document (tenant_id, party_id, business_date);

CREATE INDEX document_tenant_id_source_id_idx ON document (tenant_id, source_id);

CREATE INDEX document_tenant_id_type_business_date_id_idx ON document (tenant_id, type, business_date, id);

alter table "document" enable row level security;

alter table "document" force row level security;

create policy tenant on "document" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "document" to tallybook_app;

grant select on "document" to tallybook_read;

CREATE TABLE item (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	code TEXT NOT NULL, 
	code_key TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	kind TEXT NOT NULL, 
	category_id UUID, 
	base_unit_id UUID NOT NULL, 
	mnemonic TEXT NOT NULL, 
	list_price NUMERIC, 
	purchase_price NUMERIC, 
	weight NUMERIC, 
	volume NUMERIC, 
	negative_stock TEXT, 
	costing_method TEXT, 
	cost_scope TEXT, 
	standard_cost NUMERIC, 
	active BOOLEAN DEFAULT true NOT NULL, 
	revision INTEGER DEFAULT '1' NOT NULL, 
	changed BIGINT NOT NULL, 
	search TEXT NOT NULL, 
	CONSTRAINT item_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT item_tenant_id_code_key_key UNIQUE (tenant_id, code_key), 
	CONSTRAINT item_kind_known CHECK (kind in ('stocked','service')), 
	CONSTRAINT item_negative_stock CHECK (negative_stock in ('forbid','allow')), 
	CONSTRAINT item_costing_method CHECK (costing_method in ('moving_average','fifo','standard','specific')), 
	CONSTRAINT item_cost_scope CHECK (cost_scope in ('item','item_place','item_lot','item_lot_place','serial')), 
	CONSTRAINT item_tenant_id_category_id_fkey FOREIGN KEY(tenant_id, category_id) REFERENCES category (tenant_id, id), 
	CONSTRAINT item_tenant_id_base_unit_id_fkey FOREIGN KEY(tenant_id, base_unit_id) REFERENCES unit (tenant_id, id)
);

CREATE INDEX item_tenant_id_category_id_idx ON item (tenant_id, category_id);

CREATE UNIQUE INDEX item_tenant_id_changed_idx ON item (tenant_id, changed);

CREATE INDEX item_tenant_id_name_id_idx ON item (tenant_id, name, id);

alter table "item" enable row level security;

alter table "item" force row level security;

create policy tenant on "item" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "item" to tallybook_app;

grant select on "item" to tallybook_read;

CREATE TABLE membership (
	tenant_id UUID NOT NULL, 
	user_id UUID NOT NULL, 
	name TEXT NOT NULL, 
	roles TEXT[] NOT NULL, 
	CONSTRAINT membership_pkey PRIMARY KEY (tenant_id, user_id), 
	CONSTRAINT membership_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenant (id), 
	CONSTRAINT membership_user_id_fkey FOREIGN KEY(user_id) REFERENCES user_account (id)
);

CREATE INDEX membership_user_id_idx ON membership (user_id);

grant select, insert, update, delete on "membership" to tallybook_app;

CREATE TABLE balance (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	on_hand NUMERIC NOT NULL, 
	there BOOLEAN GENERATED ALWAYS AS (on_hand <> 0) STORED NOT NULL, 
	allocated NUMERIC DEFAULT '0' NOT NULL, 
	may_go_negative BOOLEAN DEFAULT 'false' NOT NULL, 
	is_unit BOOLEAN DEFAULT 'false' NOT NULL, 
	CONSTRAINT balance_pkey PRIMARY KEY (tenant_id, item_id, place_id, lot_id), 
	CONSTRAINT balance_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT balance_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT balance_oversold CHECK (on_hand >= 0 OR may_go_negative), 
	CONSTRAINT balance_allocated CHECK (allocated BETWEEN 0 AND greatest(on_hand, 0)), 
	CONSTRAINT balance_unit_in_one_place EXCLUDE USING btree (tenant_id WITH =, lot_id WITH =) WHERE (is_unit AND there) DEFERRABLE INITIALLY IMMEDIATE, 
	CONSTRAINT balance_unit CHECK (NOT is_unit OR on_hand IN (0, 1))
);

CREATE INDEX balance_tenant_id_place_id_item_id_idx ON balance (tenant_id, place_id, item_id);

CREATE INDEX balance_there_idx ON balance (tenant_id, item_id) WHERE there;

alter table "balance" enable row level security;

alter table "balance" force row level security;

create policy tenant on "balance" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "balance" to tallybook_app;

grant select on "balance" to tallybook_read;

CREATE TABLE barcode (
	tenant_id UUID NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	item_id UUID NOT NULL, 
	unit_id UUID NOT NULL, 
	CONSTRAINT barcode_pkey PRIMARY KEY (tenant_id, code), 
	CONSTRAINT barcode_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT barcode_tenant_id_unit_id_fkey FOREIGN KEY(tenant_id, unit_id) REFERENCES unit (tenant_id, id)
);

CREATE INDEX barcode_tenant_id_item_id_idx ON barcode (tenant_id, item_id);

alter table "barcode" enable row level security;

alter table "barcode" force row level security;

create policy tenant on "barcode" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "barcode" to tallybook_app;

grant select on "barcode" to tallybook_read;

CREATE TABLE document_line (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	no INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	description TEXT, 
	unit_id UUID NOT NULL, 
	entered_quantity NUMERIC, 
	numerator NUMERIC NOT NULL, 
	denominator NUMERIC NOT NULL, 
	quantity NUMERIC, 
	unit_price NUMERIC, 
	discount_pct NUMERIC DEFAULT '0' NOT NULL, 
	tax_rate NUMERIC DEFAULT '0' NOT NULL, 
	net NUMERIC DEFAULT '0' NOT NULL, 
	tax NUMERIC DEFAULT '0' NOT NULL, 
	total NUMERIC DEFAULT '0' NOT NULL, 
	stocked BOOLEAN DEFAULT 'true' NOT NULL, 
	lot_code TEXT, 
	place_id UUID, 
	to_place_id UUID, 
	source_line INTEGER, 
	role TEXT, 
	share NUMERIC, 
	over_pct NUMERIC, 
	due_on DATE, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	cause TEXT, 
	remark TEXT, 
	extensions JSONB DEFAULT '{}' NOT NULL, 
	CONSTRAINT document_line_pkey PRIMARY KEY (tenant_id, document_id, no), 
	CONSTRAINT document_line_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT document_line_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT document_line_tenant_id_unit_id_fkey FOREIGN KEY(tenant_id, unit_id) REFERENCES unit (tenant_id, id), 
	CONSTRAINT document_line_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT document_line_tenant_id_to_place_id_fkey FOREIGN KEY(tenant_id, to_place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT document_line_no CHECK (no BETWEEN 1 AND 1000), 
	CONSTRAINT document_line_ratio CHECK (numerator > 0 AND denominator > 0), 
	CONSTRAINT document_line_role CHECK (role IN ('consume', 'produce', 'lost', 'rejected')), 
	CONSTRAINT document_line_over_pct CHECK (over_pct >= 0)
);

CREATE INDEX document_line_tenant_id_item_id_document_id_idx ON document_line (tenant_id, item_id, document_id);

alter table "document_line" enable row level security;

alter table "document_line" force row level security;

create policy tenant on "document_line" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "document_line" to tallybook_app;

grant select on "document_line" to tallybook_read;

CREATE TABLE item_unit (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	unit_id UUID NOT NULL, 
	numerator NUMERIC NOT NULL, 
	denominator NUMERIC NOT NULL, 
	CONSTRAINT item_unit_pkey PRIMARY KEY (tenant_id, item_id, unit_id), 
	CONSTRAINT item_unit_ratio_positive CHECK (numerator > 0 and denominator > 0), 
	CONSTRAINT item_unit_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT item_unit_tenant_id_unit_id_fkey FOREIGN KEY(tenant_id, unit_id) REFERENCES unit (tenant_id, id)
);

alter table "item_unit" enable row level security;

alter table "item_unit" force row level security;

create policy tenant on "item_unit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "item_unit" to tallybook_app;

grant select on "item_unit" to tallybook_read;

CREATE TABLE lot (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	code TEXT NOT NULL, 
	parent_id UUID, 
	is_unit BOOLEAN DEFAULT 'false' NOT NULL, 
	received_on DATE NOT NULL, 
	CONSTRAINT lot_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT lot_tenant_id_item_id_code_key UNIQUE (tenant_id, item_id, code), 
	CONSTRAINT lot_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT lot_tenant_id_parent_id_fkey FOREIGN KEY(tenant_id, parent_id) REFERENCES lot (tenant_id, id)
);

CREATE INDEX lot_tenant_id_parent_id_idx ON lot (tenant_id, parent_id) WHERE parent_id IS NOT NULL;

alter table "lot" enable row level security;

alter table "lot" force row level security;

create policy tenant on "lot" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "lot" to tallybook_app;

grant select on "lot" to tallybook_read;

CREATE TABLE pool (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	value NUMERIC NOT NULL, 
	last_cost NUMERIC NOT NULL, 
	first_cost NUMERIC NOT NULL, 
	CONSTRAINT pool_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT pool_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT pool_empty_is_worthless CHECK (quantity <> 0 OR value = 0)
);

CREATE INDEX pool_tenant_id_document_id_idx ON pool (tenant_id, document_id) WHERE document_id <> '00000000-0000-0000-0000-000000000000';

CREATE INDEX pool_tenant_id_item_id_document_id_lot_id_idx ON pool (tenant_id, item_id, document_id, lot_id);

alter table "pool" enable row level security;

alter table "pool" force row level security;

create policy tenant on "pool" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "pool" to tallybook_app;

grant select on "pool" to tallybook_read;

CREATE TABLE standard_cost (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	since DATE NOT NULL, 
	sequence BIGINT NOT NULL, 
	cost NUMERIC NOT NULL, 
	CONSTRAINT standard_cost_pkey PRIMARY KEY (tenant_id, item_id, since, sequence), 
	CONSTRAINT standard_cost_tenant_id_sequence_fkey FOREIGN KEY(tenant_id, sequence) REFERENCES document (tenant_id, sequence), 
	CONSTRAINT standard_cost_cost CHECK (cost >= 0)
);

alter table "standard_cost" enable row level security;

alter table "standard_cost" force row level security;

create policy tenant on "standard_cost" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "standard_cost" to tallybook_app;

grant select on "standard_cost" to tallybook_read;

create trigger append_only before update or delete on "standard_cost" for each row execute function refuse_change();

create trigger never_truncated before truncate on "standard_cost" for each statement execute function refuse_change();

CREATE TABLE entry (
	tenant_id UUID NOT NULL, 
	sequence BIGINT NOT NULL, 
	no INTEGER NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	value NUMERIC NOT NULL, 
	pool_id UUID, 
	effective_on DATE NOT NULL, 
	event_on DATE NOT NULL, 
	event_sequence BIGINT NOT NULL, 
	event_flow INTEGER NOT NULL, 
	event_line INTEGER NOT NULL, 
	leg TEXT NOT NULL, 
	basis TEXT NOT NULL, 
	given NUMERIC, 
	rate NUMERIC, 
	link_sequence BIGINT, 
	link_line INTEGER, 
	settles_sequence BIGINT, 
	settles_flow INTEGER, 
	CONSTRAINT entry_pkey PRIMARY KEY (tenant_id, sequence, no), 
	CONSTRAINT entry_tenant_id_sequence_fkey FOREIGN KEY(tenant_id, sequence) REFERENCES document (tenant_id, sequence), 
	CONSTRAINT entry_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT entry_tenant_id_pool_id_fkey FOREIGN KEY(tenant_id, pool_id) REFERENCES pool (tenant_id, id), 
	CONSTRAINT entry_leg CHECK (leg IN ('source', 'target', 'other'))
);

CREATE INDEX entry_card_idx ON entry (tenant_id, item_id, event_on, event_sequence, event_flow);

CREATE INDEX entry_date_idx ON entry (tenant_id, item_id, effective_on);

CREATE INDEX entry_event_idx ON entry (tenant_id, event_sequence, event_line);

CREATE INDEX entry_link_idx ON entry (tenant_id, link_sequence, link_line) WHERE link_sequence IS NOT NULL;

CREATE INDEX entry_lot_idx ON entry (tenant_id, lot_id) WHERE lot_id <> '00000000-0000-0000-0000-000000000000';

CREATE INDEX entry_place_idx ON entry (tenant_id, place_id, effective_on);

CREATE INDEX entry_settles_idx ON entry (tenant_id, settles_sequence) WHERE settles_sequence IS NOT NULL;

alter table "entry" enable row level security;

alter table "entry" force row level security;

create policy tenant on "entry" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "entry" to tallybook_app;

grant select on "entry" to tallybook_read;

create trigger append_only before update or delete on "entry" for each row execute function refuse_change();

create trigger never_truncated before truncate on "entry" for each statement execute function refuse_change();

CREATE TABLE hold (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID, 
	lot_id UUID, 
	reason TEXT NOT NULL, 
	placed_by UUID NOT NULL, 
	placed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	until TIMESTAMP WITH TIME ZONE, 
	released_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT hold_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT hold_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT hold_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT hold_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES lot (tenant_id, id)
);

CREATE INDEX hold_tenant_id_item_id_lot_id_idx ON hold (tenant_id, item_id, lot_id) WHERE released_at IS NULL;

alter table "hold" enable row level security;

alter table "hold" force row level security;

create policy tenant on "hold" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "hold" to tallybook_app;

grant select on "hold" to tallybook_read;

CREATE TABLE layer (
	tenant_id UUID NOT NULL, 
	pool_id UUID NOT NULL, 
	origin_on DATE NOT NULL, 
	origin_sequence BIGINT NOT NULL, 
	origin_flow INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	value NUMERIC NOT NULL, 
	CONSTRAINT layer_pkey PRIMARY KEY (tenant_id, pool_id, origin_on, origin_sequence, origin_flow), 
	CONSTRAINT layer_tenant_id_pool_id_fkey FOREIGN KEY(tenant_id, pool_id) REFERENCES pool (tenant_id, id)
);

CREATE INDEX layer_tenant_id_item_id_idx ON layer (tenant_id, item_id);

alter table "layer" enable row level security;

alter table "layer" force row level security;

create policy tenant on "layer" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "layer" to tallybook_app;

grant select on "layer" to tallybook_read;

CREATE TABLE layer_entry (
	tenant_id UUID NOT NULL, 
	sequence BIGINT NOT NULL, 
	event_sequence BIGINT NOT NULL, 
	event_flow INTEGER NOT NULL, 
	pool_id UUID NOT NULL, 
	origin_on DATE NOT NULL, 
	origin_sequence BIGINT NOT NULL, 
	origin_flow INTEGER NOT NULL, 
	event_on DATE NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	value NUMERIC NOT NULL, 
	CONSTRAINT layer_entry_pkey PRIMARY KEY (tenant_id, sequence, event_sequence, event_flow, pool_id, origin_on, origin_sequence, origin_flow), 
	CONSTRAINT layer_entry_tenant_id_sequence_fkey FOREIGN KEY(tenant_id, sequence) REFERENCES document (tenant_id, sequence), 
	CONSTRAINT layer_entry_tenant_id_pool_id_fkey FOREIGN KEY(tenant_id, pool_id) REFERENCES pool (tenant_id, id)
);

CREATE INDEX layer_entry_tenant_id_item_id_event_on_event_sequence_e_de79 ON layer_entry (tenant_id, item_id, event_on, event_sequence, event_flow);

alter table "layer_entry" enable row level security;

alter table "layer_entry" force row level security;

create policy tenant on "layer_entry" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "layer_entry" to tallybook_app;

grant select on "layer_entry" to tallybook_read;

create trigger append_only before update or delete on "layer_entry" for each row execute function refuse_change();

create trigger never_truncated before truncate on "layer_entry" for each statement execute function refuse_change();

CREATE TABLE line_progress (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	no INTEGER NOT NULL, 
	executed NUMERIC DEFAULT '0' NOT NULL, 
	returned NUMERIC DEFAULT '0' NOT NULL, 
	CONSTRAINT line_progress_pkey PRIMARY KEY (tenant_id, document_id, no), 
	CONSTRAINT line_progress_tenant_id_document_id_no_fkey FOREIGN KEY(tenant_id, document_id, no) REFERENCES document_line (tenant_id, document_id, no), 
	CONSTRAINT line_progress_positive CHECK (executed >= 0 AND returned >= 0)
);

alter table "line_progress" enable row level security;

alter table "line_progress" force row level security;

create policy tenant on "line_progress" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "line_progress" to tallybook_app;

grant select on "line_progress" to tallybook_read;

CREATE TABLE promise (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	item_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	incoming BOOLEAN NOT NULL, 
	quantity NUMERIC NOT NULL, 
	due_on DATE, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	since BIGINT NOT NULL, 
	CONSTRAINT promise_pkey PRIMARY KEY (tenant_id, document_id, line), 
	CONSTRAINT promise_tenant_id_document_id_line_fkey FOREIGN KEY(tenant_id, document_id, line) REFERENCES document_line (tenant_id, document_id, no), 
	CONSTRAINT promise_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT promise_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT promise_quantity CHECK (quantity >= 0), 
	CONSTRAINT promise_since CHECK (since BETWEEN 1 AND 4611686018427387903)
);

CREATE INDEX promise_tenant_id_item_id_idx ON promise (tenant_id, item_id) WHERE quantity > 0;

alter table "promise" enable row level security;

alter table "promise" force row level security;

create policy tenant on "promise" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "promise" to tallybook_app;

grant select on "promise" to tallybook_read;

-- entries balance
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM written GROUP BY tenant_id, sequence, item_id, lot_id
               HAVING sum(quantity) <> 0)
       OR EXISTS (SELECT FROM written GROUP BY tenant_id, sequence HAVING sum(value) <> 0)
    THEN
        RAISE EXCEPTION 'entries of a document do not sum to zero'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_balanced AFTER INSERT ON entry REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();

-- posted documents are immutable
CREATE FUNCTION refuse_posted_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
DECLARE owner_state text;
BEGIN
    IF TG_TABLE_NAME = 'document' THEN
        owner_state := OLD.state;
    ELSE
        SELECT state INTO owner_state FROM public.document
        WHERE tenant_id = OLD.tenant_id AND id = OLD.document_id;
    END IF;
    IF owner_state = 'posted' THEN
        RAISE EXCEPTION 'a posted document is never changed, it is reversed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'posted_is_immutable';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_posted BEFORE UPDATE OR DELETE ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_posted_change();
CREATE TRIGGER document_line_posted BEFORE UPDATE OR DELETE ON document_line
    FOR EACH ROW EXECUTE FUNCTION refuse_posted_change();

-- search of items
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create index item_search_idx on item using gin (tenant_id, search gin_trgm_ops);
create policy search on item for select to tallybook_search using (true);
grant select (tenant_id, id, code_key, search, kind, active, category_id) on item to tallybook_search;
create function search_items(patterns text[], kinds text[], actives boolean[], category_ids uuid[], after text, at_most integer)
  returns setof uuid language plpgsql stable security definer
  set search_path = public, pg_temp set enable_seqscan = off set enable_indexscan = off as $body$
declare
  -- Patterns stand in the text of the query, or the planner could not see what the index is for.
  found_by text := (select string_agg(format('search like %L', p), ' and ') from unnest(patterns) p);
  query text := format($query$
    select id, code_key from item
    where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
      and %s
      and ($1 is null or kind = any ($1))
      and ($2 is null or active = any ($2))
      and ($3 is null or category_id = any ($3))
      and ($4 is null or code_key > $4)
  $query$, coalesce(found_by, 'true'));
  hits uuid[];
begin
  -- Few hits come from the trigrams and are sorted. Many are met soon on a walk along the codes.
  -- The planner cannot tell one from the other, for it knows little of short patterns.
  execute format('select array_agg(id order by code_key) from (%s limit 1000) few', query)
    into hits using kinds, actives, category_ids, after;
  if coalesce(cardinality(hits), 0) < 1000 then
    return query select unnest(hits) limit at_most;
    return;
  end if;
  perform set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'on', true);
  return query execute format('select id from (%s order by code_key limit $5) many', query)
    using kinds, actives, category_ids, after, at_most;
end
$body$;
revoke execute on function search_items(text[], text[], boolean[], uuid[], text, integer) from public;
grant execute on function search_items(text[], text[], boolean[], uuid[], text, integer) to tallybook_app, tallybook_read;
grant create on schema public to tallybook_search;
alter function search_items(text[], text[], boolean[], uuid[], text, integer) owner to tallybook_search;
revoke create on schema public from tallybook_search;

-- search of parties
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create index party_search_idx on party using gin (tenant_id, search gin_trgm_ops);
create policy search on party for select to tallybook_search using (true);
grant select (tenant_id, id, code_key, search, is_supplier, is_customer, active) on party to tallybook_search;
create function search_parties(patterns text[], is_suppliers boolean[], is_customers boolean[], actives boolean[], after text, at_most integer)
  returns setof uuid language plpgsql stable security definer
  set search_path = public, pg_temp set enable_seqscan = off set enable_indexscan = off as $body$
declare
  -- Patterns stand in the text of the query, or the planner could not see what the index is for.
  found_by text := (select string_agg(format('search like %L', p), ' and ') from unnest(patterns) p);
  query text := format($query$
    select id, code_key from party
    where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
      and %s
      and ($1 is null or is_supplier = any ($1))
      and ($2 is null or is_customer = any ($2))
      and ($3 is null or active = any ($3))
      and ($4 is null or code_key > $4)
  $query$, coalesce(found_by, 'true'));
  hits uuid[];
begin
  -- Few hits come from the trigrams and are sorted. Many are met soon on a walk along the codes.
  -- The planner cannot tell one from the other, for it knows little of short patterns.
  execute format('select array_agg(id order by code_key) from (%s limit 1000) few', query)
    into hits using is_suppliers, is_customers, actives, after;
  if coalesce(cardinality(hits), 0) < 1000 then
    return query select unnest(hits) limit at_most;
    return;
  end if;
  perform set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'on', true);
  return query execute format('select id from (%s order by code_key limit $5) many', query)
    using is_suppliers, is_customers, actives, after, at_most;
end
$body$;
revoke execute on function search_parties(text[], boolean[], boolean[], boolean[], text, integer) from public;
grant execute on function search_parties(text[], boolean[], boolean[], boolean[], text, integer) to tallybook_app, tallybook_read;
grant create on schema public to tallybook_search;
alter function search_parties(text[], boolean[], boolean[], boolean[], text, integer) owner to tallybook_search;
revoke create on schema public from tallybook_search;
