// The tool in the frame says that it is done (LTI Dynamic Registration 1.0).
const frame = document.getElementById("tool");
window.addEventListener("message", (event) => {
  if (event.source === frame.contentWindow && event.data?.subject === "org.imsglobal.lti.close") {
    location.assign(frame.dataset.then);
  }
});
