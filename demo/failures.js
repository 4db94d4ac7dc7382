// What an event says that failed outside of Gradio's queue, of which Gradio shows nothing; until the reader goes on.
"use strict";

(() => {
	const ask = window.fetch;
	window.fetch = async (...request) => {
		const answer = await ask(...request);
		const failed = answer.status === 500 && new URL(answer.url).pathname.includes("/run/");
		if (failed) answer.clone().json().then(({ error }) => error && tell(error), () => {});
		return answer;
	};

	function tell(escaped) {
		goOn();
		// The server escapes what it says, as Gradio takes it for HTML.
		const { textContent } = new DOMParser().parseFromString(escaped, "text/html").body;
		const told = Object.assign(document.createElement("p"), { className: "told", textContent });
		told.setAttribute("role", "alert");
		document.body.append(told);
	}

	const goOn = () => document.querySelector(".told")?.remove();
	for (const deed of ["click", "change", "keydown"]) document.addEventListener(deed, goOn, true);
})();
