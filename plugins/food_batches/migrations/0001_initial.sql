-- Written by `python -m core.db.freeze food_batches` from the tables declared in food_batches.

CREATE TABLE food_batches_customer (
	tenant_id UUID NOT NULL, 
	party_id UUID NOT NULL, 
	minimum_days INTEGER, 
	minimum_numerator INTEGER, 
	minimum_denominator INTEGER, 
	CONSTRAINT food_batches_customer_pkey PRIMARY KEY (tenant_id, party_id), 
	CONSTRAINT food_batches_customer_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT food_batches_customer_minimum CHECK ((minimum_days IS NULL) = (minimum_numerator IS NOT NULL) AND (minimum_numerator IS NULL) = (minimum_denominator IS NULL)), 
	CONSTRAINT food_batches_customer_minimum_days CHECK (minimum_days >= 0), 
	CONSTRAINT food_batches_customer_minimum_fraction CHECK (minimum_numerator BETWEEN 0 AND minimum_denominator AND minimum_denominator > 0)
);

alter table "food_batches_customer" enable row level security;

alter table "food_batches_customer" force row level security;

create policy tenant on "food_batches_customer" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_customer" to tallybook_app;

grant select on "food_batches_customer" to tallybook_read;

CREATE TABLE food_batches_item (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	batch_control BOOLEAN NOT NULL, 
	shelf_life_value INTEGER, 
	shelf_life_unit TEXT, 
	storage TEXT, 
	storage_note TEXT, 
	near_days INTEGER, 
	second_unit_id UUID, 
	second_min NUMERIC, 
	second_max NUMERIC, 
	specification TEXT, 
	CONSTRAINT food_batches_item_pkey PRIMARY KEY (tenant_id, item_id), 
	CONSTRAINT food_batches_item_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT food_batches_item_tenant_id_second_unit_id_fkey FOREIGN KEY(tenant_id, second_unit_id) REFERENCES unit (tenant_id, id), 
	CONSTRAINT food_batches_item_shelf_life CHECK ((shelf_life_value IS NULL) = (shelf_life_unit IS NULL) AND shelf_life_value > 0), 
	CONSTRAINT food_batches_item_shelf_life_unit CHECK (shelf_life_unit IN ('days', 'months')), 
	CONSTRAINT food_batches_item_storage CHECK (storage IN ('ambient', 'cool', 'chilled', 'frozen')), 
	CONSTRAINT food_batches_item_near_days CHECK (near_days >= 0), 
	CONSTRAINT food_batches_item_second_unit CHECK (second_unit_id IS NOT NULL OR (second_min IS NULL AND second_max IS NULL)), 
	CONSTRAINT food_batches_item_second_range CHECK (second_min >= 0 AND second_max > 0 AND second_max >= second_min)
);

alter table "food_batches_item" enable row level security;

alter table "food_batches_item" force row level security;

create policy tenant on "food_batches_item" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_item" to tallybook_app;

grant select on "food_batches_item" to tallybook_read;

CREATE TABLE food_batches_licence (
	tenant_id UUID NOT NULL, 
	party_id UUID NOT NULL, 
	kind TEXT NOT NULL, 
	number TEXT NOT NULL, 
	valid_until DATE, 
	CONSTRAINT food_batches_licence_pkey PRIMARY KEY (tenant_id, party_id, kind, number), 
	CONSTRAINT food_batches_licence_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT food_batches_licence_kind CHECK (kind IN ('business', 'food_production', 'food_trade', 'other')), 
	CONSTRAINT food_batches_licence_number CHECK (number <> '')
);

CREATE INDEX food_batches_licence_tenant_id_valid_until_idx ON food_batches_licence (tenant_id, valid_until);

alter table "food_batches_licence" enable row level security;

alter table "food_batches_licence" force row level security;

create policy tenant on "food_batches_licence" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_licence" to tallybook_app;

grant select on "food_batches_licence" to tallybook_read;

CREATE TABLE food_batches_purchase_check (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	party_id UUID, 
	licence_kind TEXT, 
	licence_number TEXT, 
	valid_until DATE, 
	CONSTRAINT food_batches_purchase_check_pkey PRIMARY KEY (tenant_id, document_id), 
	CONSTRAINT food_batches_purchase_check_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT food_batches_purchase_check_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT food_batches_purchase_check_licence CHECK ((licence_kind IS NULL) = (licence_number IS NULL))
);

alter table "food_batches_purchase_check" enable row level security;

alter table "food_batches_purchase_check" force row level security;

create policy tenant on "food_batches_purchase_check" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_purchase_check" to tallybook_app;

grant select on "food_batches_purchase_check" to tallybook_read;

create trigger append_only before update or delete on "food_batches_purchase_check" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_purchase_check" for each statement execute function refuse_change();

CREATE TABLE food_batches_recall (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	reason TEXT NOT NULL, 
	drill BOOLEAN DEFAULT 'false' NOT NULL, 
	opened_by UUID NOT NULL, 
	opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	milliseconds BIGINT NOT NULL, 
	CONSTRAINT food_batches_recall_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT food_batches_recall_closed CHECK (closed_at >= opened_at), 
	CONSTRAINT food_batches_recall_milliseconds CHECK (milliseconds >= 0)
);

CREATE INDEX food_batches_recall_tenant_id_opened_at_id_idx ON food_batches_recall (tenant_id, opened_at, id);

alter table "food_batches_recall" enable row level security;

alter table "food_batches_recall" force row level security;

create policy tenant on "food_batches_recall" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_recall" to tallybook_app;

grant select on "food_batches_recall" to tallybook_read;

CREATE TABLE food_batches_scan (
	tenant_id UUID NOT NULL, 
	device TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	scanned_by UUID NOT NULL, 
	scanned_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT food_batches_scan_pkey PRIMARY KEY (tenant_id, device, sequence), 
	CONSTRAINT food_batches_scan_origin CHECK (device <> '' AND sequence >= 0)
);

alter table "food_batches_scan" enable row level security;

alter table "food_batches_scan" force row level security;

create policy tenant on "food_batches_scan" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_scan" to tallybook_app;

grant select on "food_batches_scan" to tallybook_read;

create trigger append_only before update or delete on "food_batches_scan" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_scan" for each statement execute function refuse_change();

CREATE TABLE food_batches_batch (
	tenant_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	produced_on DATE, 
	expires_on DATE, 
	supplier_number TEXT, 
	origin TEXT, 
	status TEXT DEFAULT 'released' NOT NULL, 
	certificates JSONB DEFAULT '[]' NOT NULL, 
	CONSTRAINT food_batches_batch_pkey PRIMARY KEY (tenant_id, lot_id), 
	CONSTRAINT food_batches_batch_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES lot (tenant_id, id), 
	CONSTRAINT food_batches_batch_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES food_batches_item (tenant_id, item_id), 
	CONSTRAINT food_batches_batch_dates CHECK (produced_on <= expires_on), 
	CONSTRAINT food_batches_batch_status CHECK (status IN ('released', 'held', 'recalled')), 
	CONSTRAINT food_batches_batch_certificates CHECK (jsonb_typeof(certificates) = 'array')
);

CREATE INDEX food_batches_batch_tenant_id_expires_on_idx ON food_batches_batch (tenant_id, expires_on);

CREATE INDEX food_batches_batch_tenant_id_item_id_expires_on_idx ON food_batches_batch (tenant_id, item_id, expires_on);

alter table "food_batches_batch" enable row level security;

alter table "food_batches_batch" force row level security;

create policy tenant on "food_batches_batch" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_batch" to tallybook_app;

grant select on "food_batches_batch" to tallybook_read;

CREATE TABLE food_batches_recall_batch (
	tenant_id UUID NOT NULL, 
	recall_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	hold_id UUID, 
	produced NUMERIC NOT NULL, 
	on_hand NUMERIC NOT NULL, 
	closed BOOLEAN DEFAULT 'false' NOT NULL, 
	CONSTRAINT food_batches_recall_batch_pkey PRIMARY KEY (tenant_id, recall_id, lot_id), 
	CONSTRAINT food_batches_recall_batch_tenant_id_recall_id_fkey FOREIGN KEY(tenant_id, recall_id) REFERENCES food_batches_recall (tenant_id, id), 
	CONSTRAINT food_batches_recall_batch_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES lot (tenant_id, id), 
	CONSTRAINT food_batches_recall_batch_tenant_id_hold_id_fkey FOREIGN KEY(tenant_id, hold_id) REFERENCES hold (tenant_id, id), 
	CONSTRAINT food_batches_recall_batch_quantities CHECK (produced >= 0 AND on_hand >= 0)
);

CREATE INDEX food_batches_recall_batch_tenant_id_lot_id_idx ON food_batches_recall_batch (tenant_id, lot_id);

alter table "food_batches_recall_batch" enable row level security;

alter table "food_batches_recall_batch" force row level security;

create policy tenant on "food_batches_recall_batch" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_recall_batch" to tallybook_app;

grant select on "food_batches_recall_batch" to tallybook_read;

CREATE TABLE food_batches_second_balance (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	place_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT food_batches_second_balance_pkey PRIMARY KEY (tenant_id, item_id, lot_id, place_id), 
	CONSTRAINT food_batches_second_balance_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES food_batches_item (tenant_id, item_id), 
	CONSTRAINT food_batches_second_balance_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT food_batches_second_balance_quantity CHECK (quantity >= 0)
);

alter table "food_batches_second_balance" enable row level security;

alter table "food_batches_second_balance" force row level security;

create policy tenant on "food_batches_second_balance" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_second_balance" to tallybook_app;

grant select on "food_batches_second_balance" to tallybook_read;

CREATE TABLE food_batches_second_movement (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	place_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	difference NUMERIC DEFAULT '0' NOT NULL, 
	CONSTRAINT food_batches_second_movement_pkey PRIMARY KEY (tenant_id, document_id, line, place_id, lot_id), 
	CONSTRAINT food_batches_second_movement_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT food_batches_second_movement_tenant_id_place_id_fkey FOREIGN KEY(tenant_id, place_id) REFERENCES place (tenant_id, id), 
	CONSTRAINT food_batches_second_movement_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES food_batches_item (tenant_id, item_id)
);

CREATE INDEX food_batches_second_movement_tenant_id_item_id_place_id_1c86 ON food_batches_second_movement (tenant_id, item_id, place_id, lot_id);

alter table "food_batches_second_movement" enable row level security;

alter table "food_batches_second_movement" force row level security;

create policy tenant on "food_batches_second_movement" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_second_movement" to tallybook_app;

grant select on "food_batches_second_movement" to tallybook_read;

create trigger append_only before update or delete on "food_batches_second_movement" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_second_movement" for each statement execute function refuse_change();

CREATE TABLE food_batches_alert (
	tenant_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	freshness TEXT NOT NULL, 
	expires_on DATE NOT NULL, 
	told_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT food_batches_alert_pkey PRIMARY KEY (tenant_id, lot_id, freshness, expires_on), 
	CONSTRAINT food_batches_alert_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES food_batches_batch (tenant_id, lot_id), 
	CONSTRAINT food_batches_alert_freshness CHECK (freshness IN ('near', 'expired'))
);

alter table "food_batches_alert" enable row level security;

alter table "food_batches_alert" force row level security;

create policy tenant on "food_batches_alert" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_alert" to tallybook_app;

grant select on "food_batches_alert" to tallybook_read;

create trigger append_only before update or delete on "food_batches_alert" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_alert" for each statement execute function refuse_change();

CREATE TABLE food_batches_hold (
	tenant_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	cause TEXT NOT NULL, 
	hold_id UUID NOT NULL, 
	CONSTRAINT food_batches_hold_pkey PRIMARY KEY (tenant_id, lot_id, cause), 
	CONSTRAINT food_batches_hold_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES food_batches_batch (tenant_id, lot_id), 
	CONSTRAINT food_batches_hold_tenant_id_hold_id_fkey FOREIGN KEY(tenant_id, hold_id) REFERENCES hold (tenant_id, id), 
	CONSTRAINT food_batches_hold_cause CHECK (cause IN ('held', 'expired'))
);

alter table "food_batches_hold" enable row level security;

alter table "food_batches_hold" force row level security;

create policy tenant on "food_batches_hold" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "food_batches_hold" to tallybook_app;

grant select on "food_batches_hold" to tallybook_read;

CREATE TABLE food_batches_recall_return (
	tenant_id UUID NOT NULL, 
	recall_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	party_id UUID, 
	quantity NUMERIC NOT NULL, 
	CONSTRAINT food_batches_recall_return_pkey PRIMARY KEY (tenant_id, recall_id, lot_id, document_id, line), 
	CONSTRAINT food_batches_recall_return_tenant_id_recall_id_lot_id_fkey FOREIGN KEY(tenant_id, recall_id, lot_id) REFERENCES food_batches_recall_batch (tenant_id, recall_id, lot_id), 
	CONSTRAINT food_batches_recall_return_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT food_batches_recall_return_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id)
);

alter table "food_batches_recall_return" enable row level security;

alter table "food_batches_recall_return" force row level security;

create policy tenant on "food_batches_recall_return" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_recall_return" to tallybook_app;

grant select on "food_batches_recall_return" to tallybook_read;

create trigger append_only before update or delete on "food_batches_recall_return" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_recall_return" for each statement execute function refuse_change();

CREATE TABLE food_batches_sample (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	quantity NUMERIC NOT NULL, 
	kept_until TIMESTAMP WITH TIME ZONE NOT NULL, 
	kept_at TEXT, 
	CONSTRAINT food_batches_sample_pkey PRIMARY KEY (tenant_id, document_id), 
	CONSTRAINT food_batches_sample_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES document (tenant_id, id), 
	CONSTRAINT food_batches_sample_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES food_batches_batch (tenant_id, lot_id), 
	CONSTRAINT food_batches_sample_quantity CHECK (quantity > 0), 
	CONSTRAINT food_batches_sample_kept_at CHECK (kept_at <> '')
);

CREATE INDEX food_batches_sample_tenant_id_kept_until_document_id_idx ON food_batches_sample (tenant_id, kept_until, document_id);

CREATE INDEX food_batches_sample_tenant_id_lot_id_idx ON food_batches_sample (tenant_id, lot_id);

alter table "food_batches_sample" enable row level security;

alter table "food_batches_sample" force row level security;

create policy tenant on "food_batches_sample" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_sample" to tallybook_app;

grant select on "food_batches_sample" to tallybook_read;

create trigger append_only before update or delete on "food_batches_sample" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_sample" for each statement execute function refuse_change();

CREATE TABLE food_batches_sample_disposal (
	tenant_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	disposed_by UUID NOT NULL, 
	disposed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	remark TEXT, 
	CONSTRAINT food_batches_sample_disposal_pkey PRIMARY KEY (tenant_id, document_id), 
	CONSTRAINT food_batches_sample_disposal_tenant_id_document_id_fkey FOREIGN KEY(tenant_id, document_id) REFERENCES food_batches_sample (tenant_id, document_id)
);

alter table "food_batches_sample_disposal" enable row level security;

alter table "food_batches_sample_disposal" force row level security;

create policy tenant on "food_batches_sample_disposal" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert on "food_batches_sample_disposal" to tallybook_app;

grant select on "food_batches_sample_disposal" to tallybook_read;

create trigger append_only before update or delete on "food_batches_sample_disposal" for each row execute function refuse_change();

create trigger never_truncated before truncate on "food_batches_sample_disposal" for each statement execute function refuse_change();
