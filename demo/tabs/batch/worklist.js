// Sorts and filters the readings of a batch, and draws the rows that are in sight: thousands cost no more than ten.
"use strict";

window.mountWorklist = (() => {
	const AROUND = 6; // rows that are drawn above and below those in sight
	const PAUSE = 150; // milliseconds between two keys of which the first opens nothing
	const UNREAD = "NOT READ";
	const names = new Intl.Collator(undefined, { numeric: true });
	const SORTS = {
		doubt: (a, b) => a.doubt - b.doubt,
		probability: (a, b) => b.probability - a.probability,
		name: (a, b) => names.compare(a.name, b.name),
	};

	function parse(line, index) {
		const [name, words, state, probability, percent, doubt, remarks, thumbnail] = JSON.parse(line);
		return { line, number: index + 1, name, words, state: state ?? UNREAD, probability, percent, doubt, remarks, thumbnail };
	}

	function element(tag, css, text = "") {
		const made = document.createElement(tag);
		made.className = css;
		made.textContent = text;
		return made;
	}

	// What may not fit is given in full to whoever points at it.
	function cut(tag, css, text) {
		return Object.assign(element(tag, css, text), { title: text });
	}

	class Worklist {
		constructor(container, open) {
			this.root = container.querySelector(".worklist");
			this.list = this.root.querySelector("[role=listbox]");
			this.heading = this.list.querySelector(".worklist-heading");
			this.end = this.list.querySelector(".worklist-end");
			this.id = container.closest("[id]").id;
			this.open = open;
			this.sort = "doubt";
			this.state = "";
			this.drawn = new Map(); // by number: the row's element and the line that it shows
			this.folder = null;
			this.listen();
		}

		// === What is shown ===

		show(value) {
			const { count, rows, ended, thumbnails } = value || { count: 0, rows: "", ended: true }; // or an empty text
			if (thumbnails !== this.folder) {
				// Another batch.
				this.folder = thumbnails;
				[this.active, this.shown, this.rows, this.lines, this.list.scrollTop] = [null, [], [], "", 0];
				this.forget(() => true);
			}
			this.root.hidden = !value;
			const grows = !ended && rows.startsWith(this.lines);
			this.lines = rows;
			this.rows = rows.split("\n").filter(Boolean).map(parse);
			this.room = ended ? this.rows.length : count;
			this.list.setAttribute("aria-busy", !ended);
			this.arrange(grows);
		}

		// What was not read stands together at the end. While a batch goes on, what comes stands behind what is there: a
		// row must not slip from under the pointer.
		arrange(grows = false) {
			const { list } = this, at = this.indexOf(this.active);
			const offset = this.top(at) - list.scrollTop, inSight = at >= 0 && offset > -this.height && offset < list.clientHeight;
			const kept = list.scrollTop, places = new Map(this.shown.map(({ number }, index) => [number, index]));
			const asBefore = (a, b) => (places.get(a.number) ?? places.size) - (places.get(b.number) ?? places.size);
			const wanted = this.rows.filter(({ state }) => !this.state || state === this.state);
			const read = wanted.filter(({ state }) => state !== UNREAD);
			const unread = wanted.filter(({ state }) => state === UNREAD);
			this.shown = [...read.sort(grows ? asBefore : SORTS[this.sort]), ...unread.sort(grows ? asBefore : SORTS.name)];
			this.read = read.length;
			this.measure();
			this.heading.hidden = !unread.length;
			this.heading.style.top = `${this.height * this.read}px`;
			this.heading.querySelector("span").textContent = unread.length;
			this.end.style.top = `${this.height * this.shown.length + (unread.length ? this.gap : 0) - 1}px`;
			// The opened row stays where it is on the screen.
			list.scrollTop = inSight ? this.top(this.indexOf(this.active)) - offset : kept;
			this.control();
			this.draw();
		}

		control() {
			for (const button of this.root.querySelectorAll("[data-sort]"))
				button.setAttribute("aria-pressed", button.dataset.sort === this.sort);
			for (const button of this.root.querySelectorAll("[data-state]")) {
				const { state } = button.dataset;
				button.setAttribute("aria-pressed", state === this.state);
				button.querySelector("span").textContent = this.rows.filter((row) => !state || row.state === state).length;
			}
			this.root.querySelector(".worklist-nothing").hidden = !this.rows.length || this.shown.length > 0;
		}

		measure() {
			const style = getComputedStyle(this.root);
			this.height = parseFloat(style.getPropertyValue("--row"));
			this.gap = parseFloat(style.getPropertyValue("--heading"));
			// Room for all of them from the beginning on.
			this.list.style.setProperty("--rows", this.room);
		}

		indexOf(number) {
			return this.shown.findIndex((row) => row.number === number);
		}

		// Of a row in the list, in pixels.
		top(index) {
			return this.height * index + (index >= this.read ? this.gap : 0);
		}

		// === Drawing ===

		draw() {
			const { list, height, shown } = this;
			const first = Math.max(0, Math.floor(list.scrollTop / height) - AROUND);
			const last = Math.ceil((list.scrollTop + list.clientHeight) / height) + AROUND;
			const active = this.indexOf(this.active);
			const places = new Map(shown.slice(first, last).map((row, index) => [row.number, first + index]));
			// The active row is there even where it is out of sight, as screen readers name it.
			if (active >= 0) places.set(this.active, active);
			this.forget((number) => !places.has(number));
			for (const [number, index] of places) this.drawRow(shown[index], index, number === this.active);
			if (active >= 0) list.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
			else list.removeAttribute("aria-activedescendant");
		}

		forget(gone) {
			for (const [number, { option }] of this.drawn) {
				if (!gone(number)) continue;
				option.remove();
				this.drawn.delete(number);
			}
		}

		drawRow(row, index, active) {
			const before = this.drawn.get(row.number);
			// Its picture is not asked for again for as long as it is in sight.
			const option = before?.line === row.line ? before.option : this.makeRow(row);
			if (option !== before?.option) {
				before?.option.remove();
				this.drawn.set(row.number, { option, line: row.line });
				this.list.append(option);
			}
			option.setAttribute("aria-posinset", index + 1);
			option.setAttribute("aria-setsize", this.shown.length);
			option.setAttribute("aria-selected", active);
			option.style.top = `${this.top(index)}px`;
		}

		makeRow(row) {
			const option = element("div", `worklist-row state-${row.state.toLowerCase().replace(" ", "-")}`);
			option.id = `${this.id}-${row.number}`;
			option.dataset.number = row.number;
			option.setAttribute("role", "option");
			const picture = element(row.thumbnail ? "img" : "span", "worklist-picture");
			if (row.thumbnail) Object.assign(picture, { alt: "", src: `${this.folder}/${row.number}.jpg` });
			const text = element("span", "worklist-text"), figures = element("span", "worklist-figures");
			text.append(cut("span", "worklist-name", row.name), cut("strong", "worklist-words", row.words));
			if (row.remarks) text.append(cut("span", "worklist-remarks", row.remarks));
			const number = this.root.dataset.number.replace("{number}", row.number);
			figures.append(element("strong", "", row.percent), element("small", "", number));
			option.append(picture, text, figures);
			return option;
		}

		// === Hands ===

		choose(index) {
			const row = this.shown[Math.min(Math.max(index, 0), this.shown.length - 1)];
			if (!row) return;
			const { list, height } = this, at = this.top(this.indexOf(row.number));
			this.active = row.number;
			list.scrollTop = Math.max(Math.min(list.scrollTop, at), at + height - list.clientHeight);
			this.draw();
			// Of the rows that a key held down passes, the last is opened; a single one at once.
			const pause = performance.now() - this.chosen < PAUSE ? PAUSE : 0;
			this.chosen = performance.now();
			clearTimeout(this.opening);
			this.opening = setTimeout(() => this.open(row.number), pause);
		}

		listen() {
			const { root, list } = this;
			root.addEventListener("click", ({ target }) => {
				const { sort, state } = target.closest("button")?.dataset ?? {};
				if (sort === undefined && state === undefined) return;
				this.sort = sort ?? this.sort;
				this.state = state ?? this.state;
				this.arrange();
				list.scrollTop = 0;
			});
			list.addEventListener("click", ({ target }) => {
				const number = Number(target.closest("[role=option]")?.dataset.number);
				if (!number) return;
				this.choose(this.indexOf(number));
				// Where the reading stands below the list, it is what one wants to see now.
				const opened = document.querySelector("#batch-opened"), below = list.getBoundingClientRect().bottom;
				if (opened.getBoundingClientRect().top >= below) opened.scrollIntoView();
			});
			list.addEventListener("keydown", (event) => {
				if (event.ctrlKey || event.metaKey || event.altKey) return;
				const at = this.indexOf(this.active), page = Math.max(1, Math.floor(list.clientHeight / this.height) - 1);
				const to = {
					ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: Infinity,
				}[event.key];
				if (to === undefined) return;
				event.preventDefault();
				this.choose(to);
			});
			list.addEventListener("scroll", () => {
				this.framed ??= requestAnimationFrame(() => {
					this.framed = null;
					this.draw();
				});
			});
			// Rows are higher on a narrow screen.
			new ResizeObserver(() => this.folder && this.arrange(true)).observe(list);
		}
	}

	return (container, props, watch, open) => {
		const list = new Worklist(container, open);
		watch("value", () => list.show(props.value));
		list.show(props.value);
	};
})();
