// Draws radiographs and the evidence over them. All panes of one viewer show the same place at the same zoom and window.
// A canvas without WebGL, which machines without a graphics card do not have.
"use strict";

window.mountViewer = (() => {
	const MOST_ZOOM = 32;
	const STEP = 1.25; // of zoom, for a key or a button
	const PAN = 0.1; // of the pane, for a key
	const WINDOW_STEP = 0.02; // of all grey values, for a key
	const DRAG_SPAN = 400; // CSS pixels of a drag over all grey values
	const LEAST_WIDTH = 0.02;
	const COLOUR_SIDE = 256; // pixels that the map is interpolated to, as fine as eyes tell on its few cells
	const LINES = { lungs: { colour: "rgb(125 249 226)", dash: [7, 5] }, contour: { colour: "#fff", dash: [] } };
	const DASHED = { ...LINES.contour, dash: [4, 6] }; // not confirmed, or not tested
	// Pixels are read for every frame that is windowed, and would come back from a graphics card slowly.
	const IN_MEMORY = { willReadFrequently: true };
	const WHOLE = { level: 0.5, width: 1, inverted: false };
	const FITTED = { x: 0.5, y: 0.5, zoom: 1 };

	const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

	// What grey value is shown for each, as little-endian RGBA.
	function greyTable({ level, width, inverted }) {
		return Uint32Array.from({ length: 256 }, (_, grey) => {
			let shown = Math.round(255 * clamp((grey / 255 - level) / width + 0.5, 0, 1));
			if (inverted) shown = 255 - shown;
			return (0xff000000 | (shown << 16) | (shown << 8) | shown) >>> 0;
		});
	}

	// A map interpolated between the centres of its cells, in colour; alpha is that of full opacity.
	function colourMap(map, scale, colours, fade, against) {
		const rows = map.length, columns = map[0].length, steps = (colours.length / 3 - 1) / 2;
		const image = new ImageData(COLOUR_SIDE, COLOUR_SIDE);
		const between = (place, cells) => {
			const at = clamp(((place + 0.5) / COLOUR_SIDE) * cells - 0.5, 0, cells - 1);
			const first = Math.floor(at);
			return [first, Math.min(first + 1, cells - 1), at - first];
		};
		const across = Array.from({ length: COLOUR_SIDE }, (_, column) => between(column, columns));
		for (let row = 0, at = 0; row < COLOUR_SIDE; row++) {
			const [above, below, down] = between(row, rows);
			for (const [left, right, over] of across) {
				const top = map[above][left] * (1 - over) + map[above][right] * over;
				const bottom = map[below][left] * (1 - over) + map[below][right] * over;
				const strength = clamp((top * (1 - down) + bottom * down) / scale, against ? -1 : 0, 1);
				const colour = 3 * Math.round((strength + 1) * steps);
				image.data[at++] = colours[colour];
				image.data[at++] = colours[colour + 1];
				image.data[at++] = colours[colour + 2];
				image.data[at++] = Math.round(255 * Math.min(Math.abs(strength) / fade, 1));
			}
		}
		const canvas = new OffscreenCanvas(COLOUR_SIDE, COLOUR_SIDE);
		canvas.getContext("2d", IN_MEMORY).putImageData(image, 0, 0);
		return canvas;
	}

	// A picture in full, in half, in a quarter of its size: what is drawn small takes little time and shows no moire.
	async function loadPicture(url) {
		const image = new Image();
		image.src = url;
		await image.decode();
		const sizes = [];
		let [source, width, height] = [image, image.naturalWidth, image.naturalHeight];
		do {
			const canvas = new OffscreenCanvas(width, height);
			const context = canvas.getContext("2d", { ...IN_MEMORY, alpha: false });
			context.imageSmoothingQuality = "high";
			context.drawImage(source, 0, 0, width, height);
			sizes.push(canvas);
			[source, width, height] = [canvas, Math.ceil(width / 2), Math.ceil(height / 2)];
		} while (Math.max(width, height) >= 256);
		return sizes;
	}

	class Viewer {
		constructor(element) {
			this.root = element.querySelector(".viewer");
			this.stage = this.root.querySelector(".viewer-panes");
			this.colours = Uint8Array.from(atob(this.root.dataset.colours), (letter) => letter.charCodeAt(0));
			this.fade = Number(this.root.dataset.fade);
			this.shows = {};
			for (const button of this.root.querySelectorAll("[data-shows]"))
				this.shows[button.dataset.shows] = button.getAttribute("aria-pressed") === "true";
			this.opacity = Number(this.root.querySelector("[data-sets=opacity]").value) / 100;
			this.panes = [];
			this.pointers = new Map();
			this.reset();
			this.listen();
		}

		// === What is shown ===

		async show(contents) {
			const turn = (this.turn = (this.turn ?? 0) + 1);
			const panes = contents ? contents.panes : []; // Gradio may give an empty text for nothing
			const pictures = new Map(this.panes.map((pane) => [pane.url, pane.sizes]));
			const missing = new Set(panes.map((pane) => pane.picture.url).filter((url) => !pictures.has(url)));
			const load = async (url) => pictures.set(url, await loadPicture(url));
			// What cannot be loaded is not shown, and above all no older picture in its place.
			const loaded = await Promise.all([...missing].map(load)).then(() => true, () => false);
			if (turn !== this.turn) return; // something newer is shown by now
			this.contents = contents;
			this.sources = (loaded ? panes : []).map((pane) => {
				const { url } = pane.picture;
				return { ...pane, url, sizes: pictures.get(url) };
			});
			this.root.hidden = !this.sources.length;
			this.root.classList.toggle("viewer-single", this.sources.length === 1);
			this.root.classList.toggle("viewer-plain", !this.sources.some((pane) => pane.map));
			// Another network's map of the same picture is looked at as the one before.
			const shown = this.sources.map(({ url }) => url).join();
			if (shown && shown !== this.shown) {
				this.shown = shown;
				this.reset();
			}
			this.lay();
		}

		// One pane for each picture, and one more for the bare picture beside a single one.
		lay() {
			const before = this.panes, beside = this.shows.beside && this.sources.length === 1 && this.sources[0].map;
			this.panes = beside ? [{ ...this.sources[0], ...this.contents.bare, map: null }, ...this.sources] : [...this.sources];
			// Where the pictures stay, so do the canvases: one of them may be in somebody's hand.
			const stay = before.length === this.panes.length && this.panes.every((pane, place) => pane.url === before[place].url);
			if (stay) for (const [place, pane] of this.panes.entries()) {
				const { canvas, context } = before[place];
				Object.assign(pane, { canvas, context });
			}
			else this.frame(before);
			for (const pane of this.panes) {
				const title = document.createElement("strong");
				title.textContent = pane.title;
				pane.canvas.previousElementSibling.replaceChildren(title, " ", pane.caption);
			}
			const [first] = this.panes;
			if (first) this.stage.style.setProperty("--aspect", first.sizes[0].width / first.sizes[0].height);
			this.change();
		}

		// A figure with a canvas for each pane, in place of those before.
		frame(before) {
			for (const pane of before) this.sized.unobserve(pane.canvas);
			this.stage.replaceChildren(...this.panes.map((pane) => {
				const figure = document.createElement("figure");
				pane.canvas = document.createElement("canvas");
				pane.canvas.setAttribute("role", "img");
				pane.context = pane.canvas.getContext("2d", { ...IN_MEMORY, alpha: false });
				figure.append(document.createElement("figcaption"), pane.canvas);
				this.sized.observe(pane.canvas);
				return figure;
			}));
		}

		reset() {
			this.window = { ...WHOLE };
			this.fit();
		}

		fit() {
			this.view = { ...FITTED };
			this.change();
		}

		// Brings the controls up to date and draws with the next frame.
		change() {
			const { level, width, inverted } = this.window;
			const values = { opacity: this.opacity, level, width };
			for (const input of this.root.querySelectorAll("[data-sets]")) {
				input.value = Math.round(100 * values[input.dataset.sets]);
				input.nextElementSibling.value = `${input.value}%`;
			}
			for (const button of this.root.querySelectorAll("[data-shows]"))
				button.setAttribute("aria-pressed", this.shows[button.dataset.shows]);
			this.root.querySelector("[data-does=invert]").setAttribute("aria-pressed", inverted);
			// A finger scrolls the page past a picture that is seen whole.
			this.stage.style.touchAction = this.view.zoom > 1 ? "none" : "pan-y";
			for (const pane of this.panes)
				pane.canvas.setAttribute("aria-label", pane.map && this.shows.overlay ? pane.evidence : pane.alt);
			this.drawn ??= requestAnimationFrame(() => {
				this.drawn = null;
				this.table = level === 0.5 && width === 1 && !inverted ? null : greyTable(this.window);
				for (const pane of this.panes) this.draw(pane);
				this.drawKey();
			});
		}

		// === Drawing ===

		// Where the whole picture lies on a canvas, in its pixels; as `view` says as far as no border comes inside.
		place(pane, view = this.view) {
			const { width, height } = pane.canvas, full = pane.sizes[0];
			const scale = view.zoom * Math.min(width / full.width, height / full.height);
			const along = (canvas, length, at) =>
				length <= canvas ? (canvas - length) / 2 : clamp(canvas / 2 - at * length, canvas - length, 0);
			const [w, h] = [full.width * scale, full.height * scale];
			return { x: along(width, w, view.x), y: along(height, h, view.y), width: w, height: h };
		}

		draw(pane) {
			const { canvas, context } = pane, at = this.place(pane);
			context.globalAlpha = 1;
			context.fillStyle = "#000";
			context.fillRect(0, 0, canvas.width, canvas.height);
			if (!canvas.width || !canvas.height) return;
			context.drawImage(pane.sizes.findLast((size) => size.width >= at.width) ?? pane.sizes[0], at.x, at.y, at.width, at.height);
			if (this.table) this.applyWindow(pane, at);
			if (!this.shows.overlay || !pane.map) return;
			if (this.shows.colours) {
				const key = this.shows.against;
				if (pane.colouredFor !== key) {
					pane.colouredFor = key;
					pane.coloured = colourMap(pane.map, this.contents.scale, this.colours, this.fade, key);
				}
				const [left, top, right, bottom] = pane.box;
				context.globalAlpha = this.opacity;
				context.drawImage(
					pane.coloured,
					at.x + left * at.width, at.y + top * at.height, (right - left) * at.width, (bottom - top) * at.height,
				);
				context.globalAlpha = 1;
			}
			const lines = { ...LINES, contour: pane.dashed ? DASHED : LINES.contour };
			for (const name of Object.keys(lines)) if (this.shows[name]) this.drawLines(pane, at, pane[name], lines[name]);
		}

		// After the picture is brought to the screen's pixels, as what lies between two grey values is no mean of what
		// is shown for them; and the time does not grow with the picture.
		applyWindow({ canvas, context }, at) {
			const left = Math.max(0, Math.floor(at.x)), top = Math.max(0, Math.floor(at.y));
			const right = Math.min(canvas.width, Math.ceil(at.x + at.width));
			const bottom = Math.min(canvas.height, Math.ceil(at.y + at.height));
			const image = context.getImageData(left, top, right - left, bottom - top);
			const pixels = new Uint32Array(image.data.buffer), table = this.table;
			for (let index = 0; index < pixels.length; index++) pixels[index] = table[pixels[index] & 255];
			context.putImageData(image, left, top);
		}

		// Light on a dark edge, to be seen on bright and on dark parts, and as thin at every zoom.
		drawLines({ context }, at, lines, { colour, dash }) {
			const unit = devicePixelRatio;
			context.beginPath();
			for (const line of lines) {
				for (const [index, [x, y]] of line.entries())
					context[index ? "lineTo" : "moveTo"](at.x + x * at.width, at.y + y * at.height);
				context.closePath();
			}
			context.lineJoin = "round";
			context.setLineDash(dash.map((length) => length * unit));
			for (const [style, width] of [["rgb(0 0 0 / 0.8)", 3.5], [colour, 1.75]]) {
				context.strokeStyle = style;
				context.lineWidth = width * unit;
				context.stroke();
			}
		}

		// The colours over mid-grey, as they are seen.
		drawKey() {
			const canvas = this.root.querySelector(".viewer-key canvas"), context = canvas.getContext("2d");
			const { against } = this.shows, steps = (this.colours.length / 3 - 1) / 2;
			for (let column = 0; column < canvas.width; column++) {
				const share = column / (canvas.width - 1), strength = against ? 2 * share - 1 : share;
				const colour = 3 * Math.round((strength + 1) * steps);
				context.globalAlpha = 1;
				context.fillStyle = "#808080";
				context.fillRect(column, 0, 1, canvas.height);
				context.globalAlpha = this.opacity * Math.min(Math.abs(strength) / this.fade, 1);
				context.fillStyle = `rgb(${this.colours.slice(colour, colour + 3).join(" ")})`;
				context.fillRect(column, 0, 1, canvas.height);
			}
			this.root.classList.toggle("viewer-against", against);
		}

		// === Hands ===

		zoomBy(factor, pane, x, y) {
			const before = this.place(pane), zoom = clamp(this.view.zoom * factor, 1, MOST_ZOOM);
			const growth = zoom / this.view.zoom;
			// What lies under the pointer stays there.
			this.lookAt(pane, zoom, x - (x - before.x) * growth, y - (y - before.y) * growth);
		}

		panBy(pane, dx, dy) {
			const { x, y } = this.place(pane);
			this.lookAt(pane, this.view.zoom, x + dx, y + dy);
		}

		// Brings the picture's corner of a pane to a place, as far as no border comes inside.
		lookAt(pane, zoom, x, y) {
			const { width, height } = this.place(pane, { ...this.view, zoom }), { canvas } = pane;
			this.view = { zoom, x: (canvas.width / 2 - x) / width, y: (canvas.height / 2 - y) / height };
			const at = this.place(pane);
			this.view.x = (canvas.width / 2 - at.x) / width;
			this.view.y = (canvas.height / 2 - at.y) / height;
			this.change();
		}

		windowBy(level, width) {
			this.window.level = clamp(this.window.level + level, 0, 1);
			this.window.width = clamp(this.window.width + width, LEAST_WIDTH, 1);
			this.change();
		}

		toggle(name) {
			this.shows[name] = !this.shows[name];
			if (name === "beside") this.lay();
			else this.change();
		}

		// The browser's full screen where it grants it; else, as on some telephones, all of its window.
		fill(full) {
			this.root.classList.toggle("viewer-full", full);
			this.root.querySelector("[data-does=full]").setAttribute("aria-pressed", full);
			if (full) this.root.requestFullscreen?.().catch(() => {});
			else if (document.fullscreenElement === this.root) document.exitFullscreen();
		}

		do(name) {
			const [pane] = this.panes, { canvas } = pane;
			const zoom = (factor) => this.zoomBy(factor, pane, canvas.width / 2, canvas.height / 2);
			const pan = (x, y) => this.panBy(pane, x * canvas.width, y * canvas.height);
			({
				reset: () => this.reset(),
				in: () => zoom(STEP),
				out: () => zoom(1 / STEP),
				invert: () => {
					this.window.inverted = !this.window.inverted;
					this.change();
				},
				full: () => this.fill(!this.root.classList.contains("viewer-full")),
				leave: () => this.fill(false),
				overlay: () => this.toggle("overlay"),
				left: () => pan(PAN, 0),
				right: () => pan(-PAN, 0),
				up: () => pan(0, PAN),
				down: () => pan(0, -PAN),
				narrower: () => this.windowBy(0, -WINDOW_STEP),
				wider: () => this.windowBy(0, WINDOW_STEP),
				brighter: () => this.windowBy(-WINDOW_STEP, 0),
				darker: () => this.windowBy(WINDOW_STEP, 0),
			})[name]();
		}

		paneOf(event) {
			return this.panes.find((pane) => pane.canvas === event.target);
		}

		// Of an event, in a pane's own pixels.
		point({ canvas }, event) {
			const frame = canvas.getBoundingClientRect(), ratio = canvas.width / frame.width;
			return [(event.clientX - frame.left) * ratio, (event.clientY - frame.top) * ratio];
		}

		listen() {
			const { root, stage } = this;
			this.sized = new ResizeObserver((entries) => {
				for (const { target } of entries) {
					target.width = Math.round(target.clientWidth * devicePixelRatio);
					target.height = Math.round(target.clientHeight * devicePixelRatio);
				}
				this.change();
			});
			root.addEventListener("click", ({ target }) => {
				const { does, shows } = target.closest("button")?.dataset ?? {};
				if (does) this.do(does);
				if (shows) this.toggle(shows);
			});
			root.addEventListener("input", ({ target }) => {
				const { sets } = target.dataset, value = Number(target.value) / 100;
				if (sets === "opacity") this.opacity = value;
				else this.window[sets] = value;
				this.change();
			});
			root.addEventListener("keydown", (event) => this.onKey(event));
			document.addEventListener("fullscreenchange", () => {
				if (!document.fullscreenElement && root.classList.contains("viewer-full")) this.fill(false);
			});
			stage.addEventListener("wheel", (event) => {
				const pane = this.paneOf(event);
				if (!pane) return;
				event.preventDefault();
				const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
				// A pinch on a touchpad comes as a wheel with the control key, in smaller steps.
				const speed = event.ctrlKey ? 0.01 : 0.0015;
				this.zoomBy(Math.exp(-event.deltaY * lines * speed), pane, ...this.point(pane, event));
			}, { passive: false });
			stage.addEventListener("dblclick", () => this.fit());
			stage.addEventListener("contextmenu", (event) => event.preventDefault());
			stage.addEventListener("pointerdown", (event) => this.onPointerDown(event));
			stage.addEventListener("pointermove", (event) => this.onPointerMove(event));
			for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
				stage.addEventListener(end, ({ pointerId }) => this.pointers.delete(pointerId));
		}

		onKey(event) {
			if (event.ctrlKey || event.metaKey || event.altKey || !this.panes.length) return;
			let name = { r: "reset", i: "invert", o: "overlay", f: "full", "+": "in", "=": "in", "-": "out" }[event.key.toLowerCase()];
			if (event.key === "Escape" && this.root.classList.contains("viewer-full")) name = "leave";
			if (event.target === this.stage) {
				const arrows = event.shiftKey
					? { ArrowLeft: "narrower", ArrowRight: "wider", ArrowUp: "brighter", ArrowDown: "darker" }
					: { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
				name ??= arrows[event.key];
			}
			if (!name) return;
			event.preventDefault();
			this.do(name);
		}

		onPointerDown(event) {
			const pane = this.paneOf(event);
			if (!pane || event.button === 1) return;
			const windows = event.button === 2 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
			this.pointers.set(event.pointerId, { pane, windows, at: [event.clientX, event.clientY] });
			event.target.setPointerCapture(event.pointerId);
		}

		onPointerMove(event) {
			const held = this.pointers.get(event.pointerId);
			if (!held) return;
			const ratio = held.pane.canvas.width / held.pane.canvas.clientWidth;
			const [x, y] = held.at, [dx, dy] = [event.clientX - x, event.clientY - y];
			const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
			held.at = [event.clientX, event.clientY];
			if (other) {
				// Each finger moves half of what lies between them.
				const distance = (from) => Math.hypot(from[0] - other.at[0], from[1] - other.at[1]);
				const [ox, oy] = other.at;
				const middle = this.point(held.pane, { clientX: (event.clientX + ox) / 2, clientY: (event.clientY + oy) / 2 });
				if (distance([x, y]) > 0) this.zoomBy(distance(held.at) / distance([x, y]), held.pane, ...middle);
				this.panBy(held.pane, (dx * ratio) / 2, (dy * ratio) / 2);
			} else if (held.windows) this.windowBy(dy / DRAG_SPAN, dx / DRAG_SPAN);
			else this.panBy(held.pane, dx * ratio, dy * ratio);
		}
	}

	return (element, props, watch) => {
		const viewer = new Viewer(element);
		watch("value", () => viewer.show(props.value));
		viewer.show(props.value);
	};
})();
