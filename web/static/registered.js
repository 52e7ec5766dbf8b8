// The LMS that has opened this page in a frame or a window is told that all is
// done, and closes it (LTI Dynamic Registration 1.0, 3.7): at a click, or after
// a while in which it can be read. Nothing secret is said, and it isn't known
// from where the page was opened.
"use strict";
const done = () => {
  for (const other of [window.opener, window.parent]) {
    if (other && other !== window) other.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
  }
};
document.getElementById("close").addEventListener("click", () => { done(); window.close(); });
setTimeout(done, 20000);
