-- Written by `python -m core.db.freeze serial_numbers` from the tables declared in serial_numbers.

CREATE TABLE serial_numbers_item (
	tenant_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	serial_control BOOLEAN NOT NULL, 
	warranty_months INTEGER, 
	imei BOOLEAN DEFAULT 'false' NOT NULL, 
	first_number TEXT, 
	CONSTRAINT serial_numbers_item_pkey PRIMARY KEY (tenant_id, item_id), 
	CONSTRAINT serial_numbers_item_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES item (tenant_id, id), 
	CONSTRAINT serial_numbers_item_warranty CHECK (warranty_months BETWEEN 0 AND 1200)
);

alter table "serial_numbers_item" enable row level security;

alter table "serial_numbers_item" force row level security;

create policy tenant on "serial_numbers_item" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "serial_numbers_item" to tallybook_app;

grant select on "serial_numbers_item" to tallybook_read;

CREATE TABLE serial_numbers_unit (
	tenant_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	number TEXT NOT NULL, 
	state TEXT NOT NULL, 
	tenant_wide BOOLEAN DEFAULT 'false' NOT NULL, 
	outs INTEGER DEFAULT '0' NOT NULL, 
	sold_on DATE, 
	warranty_until DATE, 
	party_id UUID, 
	CONSTRAINT serial_numbers_unit_pkey PRIMARY KEY (tenant_id, lot_id), 
	CONSTRAINT serial_numbers_unit_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES lot (tenant_id, id), 
	CONSTRAINT serial_numbers_unit_tenant_id_item_id_fkey FOREIGN KEY(tenant_id, item_id) REFERENCES serial_numbers_item (tenant_id, item_id), 
	CONSTRAINT serial_numbers_unit_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT serial_numbers_unit_of_item UNIQUE (tenant_id, item_id, number), 
	CONSTRAINT serial_numbers_unit_state CHECK (state IN ('in_stock', 'in_transit', 'in_work', 'in_repair', 'at_processor', 'sold', 'returned', 'consumed', 'issued', 'scrapped', 'lost', 'inactive')), 
	CONSTRAINT serial_numbers_unit_outs CHECK (outs >= 0), 
	CONSTRAINT serial_numbers_unit_warranty CHECK (sold_on <= warranty_until)
);

CREATE UNIQUE INDEX serial_numbers_unit_everywhere ON serial_numbers_unit (tenant_id, number) WHERE tenant_wide;

CREATE INDEX serial_numbers_unit_tenant_id_item_id_state_idx ON serial_numbers_unit (tenant_id, item_id, state);

CREATE INDEX serial_numbers_unit_tenant_id_number_idx ON serial_numbers_unit (tenant_id, number);

alter table "serial_numbers_unit" enable row level security;

alter table "serial_numbers_unit" force row level security;

create policy tenant on "serial_numbers_unit" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "serial_numbers_unit" to tallybook_app;

grant select on "serial_numbers_unit" to tallybook_read;

CREATE TABLE serial_numbers_claim (
	tenant_id UUID NOT NULL, 
	id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	claimed_on DATE NOT NULL, 
	complaint TEXT NOT NULL, 
	covered BOOLEAN NOT NULL, 
	party_id UUID, 
	closed_on DATE, 
	outcome TEXT, 
	note TEXT, 
	replacement_id UUID, 
	CONSTRAINT serial_numbers_claim_pkey PRIMARY KEY (tenant_id, id), 
	CONSTRAINT serial_numbers_claim_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES serial_numbers_unit (tenant_id, lot_id), 
	CONSTRAINT serial_numbers_claim_tenant_id_replacement_id_fkey FOREIGN KEY(tenant_id, replacement_id) REFERENCES serial_numbers_unit (tenant_id, lot_id), 
	CONSTRAINT serial_numbers_claim_tenant_id_party_id_fkey FOREIGN KEY(tenant_id, party_id) REFERENCES party (tenant_id, id), 
	CONSTRAINT serial_numbers_claim_replacement UNIQUE (tenant_id, replacement_id), 
	CONSTRAINT serial_numbers_claim_outcome CHECK (outcome IN ('repaired', 'replaced', 'refunded', 'rejected')), 
	CONSTRAINT serial_numbers_claim_closed CHECK ((outcome IS NULL) = (closed_on IS NULL)), 
	CONSTRAINT serial_numbers_claim_dates CHECK (closed_on >= claimed_on), 
	CONSTRAINT serial_numbers_claim_replaced CHECK ((replacement_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'replaced')), 
	CONSTRAINT serial_numbers_claim_itself CHECK (replacement_id <> lot_id)
);

CREATE UNIQUE INDEX serial_numbers_claim_open ON serial_numbers_claim (tenant_id, lot_id) WHERE outcome IS NULL;

CREATE INDEX serial_numbers_claim_tenant_id_lot_id_idx ON serial_numbers_claim (tenant_id, lot_id);

alter table "serial_numbers_claim" enable row level security;

alter table "serial_numbers_claim" force row level security;

create policy tenant on "serial_numbers_claim" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "serial_numbers_claim" to tallybook_app;

grant select on "serial_numbers_claim" to tallybook_read;

CREATE TABLE serial_numbers_reservation (
	tenant_id UUID NOT NULL, 
	lot_id UUID NOT NULL, 
	document_id UUID NOT NULL, 
	line INTEGER NOT NULL, 
	done BOOLEAN NOT NULL, 
	CONSTRAINT serial_numbers_reservation_pkey PRIMARY KEY (tenant_id, lot_id, document_id), 
	CONSTRAINT serial_numbers_reservation_tenant_id_lot_id_fkey FOREIGN KEY(tenant_id, lot_id) REFERENCES serial_numbers_unit (tenant_id, lot_id), 
	CONSTRAINT serial_numbers_reservation_tenant_id_document_id_line_fkey FOREIGN KEY(tenant_id, document_id, line) REFERENCES document_line (tenant_id, document_id, no) ON DELETE CASCADE
);

CREATE INDEX serial_numbers_reservation_tenant_id_document_id_idx ON serial_numbers_reservation (tenant_id, document_id);

alter table "serial_numbers_reservation" enable row level security;

alter table "serial_numbers_reservation" force row level security;

create policy tenant on "serial_numbers_reservation" using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

grant select, insert, update, delete on "serial_numbers_reservation" to tallybook_app;

grant select on "serial_numbers_reservation" to tallybook_read;
