// The page's hands: files from the clipboard or dropped anywhere go the way of those that are chosen, and the focus
// stays where it was.
"use strict";

(() => {
	const inSight = (element) => element.offsetParent !== null;
	const inputs = () => [...document.querySelectorAll(".upload input[type=file]")];
	let refused = []; // what was chosen on Read last, which a button sends on to Batch; no storage of the browser holds it
	let left = null; // the upload box that had the focus when it was given a file

	// As if the files had been chosen in the box: the one they were dropped on, or the first in sight.
	function give(files, box) {
		const boxes = box ? [box] : inputs().filter((input) => inSight(input.closest(".upload")));
		if (!files.length || !boxes.length) return;
		// Two images that are compared have a box each.
		if (files.length > 1 && files.length === boxes.length) return files.forEach((file, place) => give([file], boxes[place]));
		box ??= boxes[0];
		if (!box.multiple && (files.length > 1 || files[0].name.toLowerCase().endsWith(".zip"))) return openInBatch(files);
		const chosen = new DataTransfer();
		for (const file of files) chosen.items.add(file);
		box.files = chosen.files;
		box.dispatchEvent(new Event("change", { bubbles: true }));
	}

	// What is refused before it is sent leaves the last answer where it is: so it is said beside the box, until another
	// file is chosen.
	function tooLarge(input, box) {
		const { mostBytes, tooLarge } = document.querySelector("header[data-most-bytes]").dataset;
		document.querySelector(".too-large")?.remove();
		if (![...input.files].some((file) => file.size > mostBytes)) return false;
		const sentence = Object.assign(document.createElement("p"), { className: "too-large", textContent: tooLarge });
		sentence.setAttribute("role", "alert");
		box.after(sentence);
		input.value = "";
		return true;
	}

	// A tab is made when it is first opened.
	async function openInBatch(files) {
		document.getElementById("batch-tab-button").click();
		let box;
		while (!(box = document.querySelector("#batch-upload input[type=file]"))) await new Promise(requestAnimationFrame);
		give(files, box);
	}

	// The files of what was dropped, those in folders too.
	async function filesIn(entry) {
		if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
		const reader = entry.createReader(), found = [];
		for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; )
			for (const inside of some) found.push(...(await filesIn(inside)));
		return found;
	}

	async function onDrop(event) {
		const { items, files } = event.dataTransfer;
		if (![...items].some((item) => item.kind === "file")) return;
		event.preventDefault(); // or the browser would leave the page for the file
		event.stopPropagation();
		// The box would go on looking as if something were held over it.
		event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
		const box = event.target.closest(".upload")?.querySelector("input[type=file]") ?? undefined;
		const entries = [...items].map((item) => item.webkitGetAsEntry?.()), whole = [...files];
		if (!entries.some((entry) => entry?.isDirectory)) return give(whole, box);
		const found = (await Promise.all(entries.filter(Boolean).map(filesIn))).flat();
		if (found.length) openInBatch(found);
	}

	document.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
	document.addEventListener("drop", onDrop, true);
	document.addEventListener("paste", (event) => {
		const pasted = [...(event.clipboardData?.files ?? [])];
		if (!pasted.length) return;
		event.preventDefault();
		give(pasted);
	});
	document.addEventListener("click", ({ target }) => {
		if (target.closest("[data-opens=batch]")) openInBatch(refused);
	});
	document.addEventListener("change", (event) => {
		const { target } = event;
		if (!target.matches?.(".upload input[type=file]")) return;
		const box = target.closest(".upload");
		if (tooLarge(target, box)) return event.stopImmediatePropagation();
		if (box.closest("#upload")) refused = [...target.files];
		left = box.contains(document.activeElement) ? box : null;
	}, true);

	// Gradio makes a box anew with each file, and gives each radio button a name of its own, so that the tab key would
	// stop at each: those of one choice share one.
	new MutationObserver(() => {
		for (const input of document.querySelectorAll("fieldset[id] input[type=radio]")) {
			const name = input.closest("fieldset").id;
			if (input.name !== name) input.name = name;
		}
		if (left && document.activeElement === document.body) left.querySelector("button")?.focus({ preventScroll: true });
	}).observe(document.documentElement, { childList: true, subtree: true });
	document.addEventListener("focusin", ({ target }) => {
		if (left && !left.contains(target)) left = null;
	});
})();
