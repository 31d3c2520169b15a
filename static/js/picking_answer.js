/** Sends the answer to the LMS. Whoever comes back to this page comes to choose again: an answer is good once. */
const answer = document.getElementById("answer");
const chooseAgain = () => location.replace(answer.dataset.again);

addEventListener("pageshow", (event) => {
  if (event.persisted) chooseAgain();
});
const [arrival] = performance.getEntriesByType("navigation");
if (arrival?.type === "back_forward") chooseAgain();
else answer.requestSubmit();
