// What the pages of staff do by themselves, besides app.js.
"use strict";
