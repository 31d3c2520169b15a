window.top.location.href = document.getElementById("course").href;
