// Plays an expert's recordings from the folder this page lies in. Written for browsers of ten years ago: no modules,
// nothing that came after ES5. Nothing leaves this page; what it remembers stays in this browser.
(function () {
  "use strict";
  var told = JSON.parse(document.getElementById("recordings").textContent);
  var recordings = told.recordings, speeds = [0.75, 1, 1.25, 1.5, 2], tasks = told.tasks;
  var audio = get("audio"), wave = get("wave"), place = get("place"), chosen = -1, shownAt = -1, remembers = true;

  function get(id) { return document.getElementById(id); }

  function made(name, text, className) {
    var one = document.createElement(name);
    if (text) one.textContent = text;
    if (className) one.className = className;
    return one;
  }

  function clock(seconds) {
    var whole = Math.max(0, Math.floor(seconds)), rest = whole % 60;
    return Math.floor(whole / 60) + ":" + (rest < 10 ? "0" : "") + rest;
  }

  // ---- what is remembered: the place in each recording and the ticks, as far as the browser keeps anything

  function key(word, recording) { return told.memory + ":" + word + ":" + recording.id; }

  var kept = {};
  function recall(word, recording) {
    var name = key(word, recording);
    if (kept[name] !== undefined) return kept[name];
    try { return window.localStorage.getItem(name); } catch (refused) { remembers = false; return null; }
  }
  function keep(word, recording, value) {
    kept[key(word, recording)] = value;
    try { window.localStorage.setItem(key(word, recording), value); } catch (refused) { remembers = false; }
  }

  // ---- the list

  var buttons = recordings.map(function (recording, number) {
    var item = made("li"), button = made("button"), state = made("span", "", "state");
    button.type = "button";
    button.appendChild(made("strong", recording.name));
    button.appendChild(document.createTextNode(recording.about));
    button.appendChild(state);
    button.onclick = function () { choose(number); };
    item.appendChild(button);
    get("list").appendChild(item);
    return button;
  });

  function showTicks() {
    var count = 0;
    recordings.forEach(function (recording, number) {
      var heard = recall("heard", recording) === "1";
      if (heard) count += 1;
      buttons[number].lastChild.textContent = heard ? "✓ прослушано" : "";
    });
    get("progress").textContent = "Прослушано " + count + " из " + recordings.length;
    get("memory").textContent = remembers ? "" :
      "Этот браузер не запоминает место и отметки: они пропадут, когда страница закроется.";
  }

  function setHeard(heard) {
    keep("heard", recordings[chosen], heard ? "1" : "0");
    get("heard").checked = heard;
    showTicks();
  }

  // ---- one recording

  function length() {
    return isFinite(audio.duration) && audio.duration > 0 ? audio.duration : recordings[chosen].seconds || 1;
  }

  function choose(number) {
    remember();
    audio.pause();
    chosen = number;
    var recording = recordings[number];
    buttons.forEach(function (button, place) { button.setAttribute("aria-current", String(place === number)); });
    get("name").textContent = recording.name;
    get("about").textContent = recording.about + (recording.note ? ". " + recording.note : "");
    get("problem").hidden = true;
    get("heard").checked = recall("heard", recording) === "1";
    audio.src = encodeURIComponent(recording.file);
    showMarks(recording);
    shownAt = -1;
    show(Number(recall("place", recording)) || 0);
    setSpeed(audio.defaultPlaybackRate);
  }

  audio.onloadedmetadata = function () {
    var recording = recordings[chosen], at = Number(recall("place", recording)) || 0;
    if (at > 0 && at < audio.duration - 1) audio.currentTime = at;
    showMarks(recording);
    shownAt = -1;
    show(audio.currentTime);
  };
  audio.onerror = function () {
    get("problem").textContent = "Не удалось открыть файл «" + recordings[chosen].file + "». Он должен лежать в одной " +
      "папке с этой страницей: скопируйте папку целиком. Если файл на месте, сообщите ответственному организатору.";
    get("problem").hidden = false;
    get("player").scrollTop = 0;
  };

  function showMarks(recording) {
    var group = get("marks"), flags = get("flags");
    group.textContent = flags.textContent = "";
    recording.marks.forEach(function (mark) {
      var button = made("button", mark.task + ". " + tasks[mark.task] + " · " + clock(mark.at));
      var flag = made("span", String(mark.task));
      button.type = "button";
      button.setAttribute("data-task", mark.task);
      button.onclick = function () { go(mark.at); };
      group.appendChild(button);
      flag.style.left = 100 * Math.min(mark.at / length(), 1) + "%";
      flags.appendChild(flag);
    });
    if (!recording.marks.length) group.appendChild(made("span", "Начала заданий в этой записи не отмечены."));
  }

  function go(at) {
    var to = Math.min(Math.max(at, 0), length());
    if (audio.readyState > 0) audio.currentTime = to;
    keep("place", recordings[chosen], String(to));
    show(to);
  }

  function toggle() {
    if (!audio.paused) { audio.pause(); return; }
    if (audio.ended) audio.currentTime = 0;
    var begun = audio.play();
    if (begun && begun["catch"]) begun["catch"](function () { return null; }); // told by onerror
  }

  audio.onplay = audio.onpause = function () {
    get("play").textContent = audio.paused ? "Слушать" : "Пауза";
    remember();
  };
  audio.onended = function () {
    keep("place", recordings[chosen], "0");
    setHeard(true);
  };
  audio.ontimeupdate = audio.onseeked = function () { show(audio.currentTime); };

  function remember() {
    if (chosen >= 0 && audio.readyState > 0 && !audio.ended) keep("place", recordings[chosen], String(audio.currentTime));
  }
  window.setInterval(function () { if (!audio.paused) remember(); }, 2000);
  window.addEventListener("pagehide", remember);

  // ---- the line: how loud, where the tasks begin, where we are

  function show(at) {
    var second = Math.floor(at);
    if (second === shownAt) return;
    shownAt = second;
    place.max = Math.ceil(length());
    place.value = second;
    place.setAttribute("aria-valuetext", clock(at) + " из " + clock(length()));
    get("now").textContent = clock(at);
    get("length").textContent = clock(length());
    draw(at / length());
  }

  function draw(part) {
    var pen = wave.getContext("2d"), width = wave.width, height = wave.height, middle = height / 2;
    var peaks = recordings[chosen].peaks, played = part * width, number, x, tall;
    pen.clearRect(0, 0, width, height);
    if (!peaks.length) {
      pen.fillStyle = "#b9c2bc";
      pen.fillRect(0, middle - 4, width, 8);
      pen.fillStyle = "#1f6b4a";
      pen.fillRect(0, middle - 4, played, 8);
    }
    for (number = 0; number < peaks.length; number += 1) {
      x = number * width / peaks.length;
      tall = Math.max(2, peaks[number] / 99 * (height - 12));
      pen.fillStyle = x < played ? "#1f6b4a" : "#9fb0a6";
      pen.fillRect(x, middle - tall / 2, Math.max(1, width / peaks.length - 0.6), tall);
    }
    pen.fillStyle = "#8a4b00";
    recordings[chosen].marks.forEach(function (mark) { pen.fillRect(mark.at / length() * width - 1, 0, 3, height); });
    pen.fillStyle = "#1d2320";
    pen.fillRect(played - 1, 0, 3, height);
  }

  wave.onclick = function (event) {
    var box = wave.getBoundingClientRect();
    go((event.clientX - box.left) / box.width * length());
  };
  place.oninput = place.onchange = function () { if (Number(place.value) !== shownAt) go(Number(place.value)); };

  // ---- speed, volume, keys

  function setSpeed(speed) {
    audio.preservesPitch = audio.mozPreservesPitch = audio.webkitPreservesPitch = true;
    audio.defaultPlaybackRate = audio.playbackRate = speed;
    Array.prototype.forEach.call(get("speeds").children, function (button) {
      button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-speed")) === speed));
    });
  }
  speeds.forEach(function (speed) {
    var button = made("button", "×" + String(speed).replace(".", ","));
    button.type = "button";
    button.setAttribute("data-speed", speed);
    button.onclick = function () { setSpeed(speed); };
    get("speeds").appendChild(button);
  });

  function setVolume(percent) {
    get("volume").value = Math.min(Math.max(percent, 0), 100);
    audio.volume = Number(get("volume").value) / 100;
  }
  get("volume").oninput = get("volume").onchange = function () { setVolume(Number(get("volume").value)); };
  get("back").onclick = function () { go(audio.currentTime - 5); };
  get("forth").onclick = function () { go(audio.currentTime + 5); };
  get("play").onclick = toggle;
  get("heard").onchange = function () { setHeard(get("heard").checked); };

  function task(number) {
    var found = recordings[chosen].marks.filter(function (mark) { return mark.task === number; });
    if (found.length) go(found[0].at);
  }

  document.addEventListener("keydown", function (event) {
    var one = event.target, own = one.tagName === "INPUT" && one.type === "range", code = event.keyCode;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (code === 32 && one.tagName !== "BUTTON" && one.type !== "checkbox") toggle();
    else if (code === 37 && !own) go(audio.currentTime - 5);
    else if (code === 39 && !own) go(audio.currentTime + 5);
    else if (code === 38 && !own) setVolume(Number(get("volume").value) + 5);
    else if (code === 40 && !own) setVolume(Number(get("volume").value) - 5);
    else if (code >= 49 && code <= 52) task(code - 48);
    else return;
    event.preventDefault();
  });

  get("heading").textContent = told.title;
  setSpeed(1);
  if (recordings.length) choose(0);
  else get("player").hidden = true;
  showTicks();
}());
