// Makes JavaScript of TypeScript: strips the types of the named source and of the .ts files beside it, checks none.
// Trusted; reads nothing of a submission but those files. The compiler is the newest place's, by absolute path: a bare
// name would be looked up in the submission's own node_modules first.
'use strict';
const fs = require('fs');
const path = require('path');

const PLACES = ['/usr/local/lib/node_modules', '/usr/lib/node_modules', '/usr/share/nodejs'];

function loadCompiler() {
  for (const place of PLACES) {
    const file = `${place}/typescript/lib/typescript.js`;
    if (fs.existsSync(file)) return require(file);
  }
  process.stderr.write(`no TypeScript: ${PLACES.join(', ')} have none\n`);
  process.exit(2);
}

const ts = loadCompiler();

// What `tsx` and ts-node do by default: ES modules become CommonJS, which knows require() as well.
const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  experimentalDecorators: true,
  newLine: ts.NewLineKind.LineFeed,
};
const NAMES = {getCanonicalFileName: (name) => name, getCurrentDirectory: () => '', getNewLine: () => '\n'};

const isSource = (name) => /\.[cm]?tsx?$/.test(name) && !/\.d\.[cm]?ts$/.test(name);

// {status, stderr, files: {name: text}} of one compilation in the current directory.
function compile(source) {
  const others = fs.readdirSync('.').filter((name) => isSource(name) && name !== source).sort();
  const files = {};
  let stderr = '';
  for (const name of [source, ...others]) {
    const {outputText, diagnostics} = ts.transpileModule(
        fs.readFileSync(name, 'utf8'), {compilerOptions: OPTIONS, fileName: name, reportDiagnostics: true});
    stderr += ts.formatDiagnostics(diagnostics, NAMES);
    files[name.replace(/\.[cm]?tsx?$/, '.js')] = outputText;
  }
  return {status: stderr === '' ? 0 : 1, stderr, files};
}

function main() {
  const {status, stderr, files} = compile(process.argv[2]);
  process.stderr.write(stderr);
  if (status === 0) {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(name, text);
  }
  return status;
}

// Resident: told what to compile on descriptor 5, answers on 6; grader/evaluate/resident_compilers.h has the form. What it
// is told lies in the current directory for as long as it compiles. The compiler keeps nothing between two calls of
// transpileModule(), and runs nothing of what it compiles.
function receive(size) {
  const bytes = Buffer.alloc(size);
  for (let have = 0; have < size;) {
    const got = fs.readSync(5, bytes, have, size - have, null);
    if (got === 0) process.exit(0);
    have += got;
  }
  return bytes;
}

function send(bytes) {
  for (let sent = 0; sent < bytes.length;) sent += fs.writeSync(6, bytes, sent);
}

function number(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const sized = (bytes) => Buffer.concat([number(bytes.length), bytes]);
const text = (value) => sized(Buffer.from(value, 'utf8'));

function told() {
  const bytes = receive(receive(4).readUInt32BE());
  let at = 0;
  const count = () => bytes.readUInt32BE((at += 4) - 4);
  const item = () => {
    const size = count();
    return bytes.subarray(at, (at += size));
  };
  const command = Array.from({length: count()}, () => item().toString());
  const files = Array.from({length: count()}, () => [item().toString(), item()]);
  return {source: command[command.length - 1], files};
}

function empty() {
  for (const name of fs.readdirSync('.')) {
    if (name !== '.farm') fs.rmSync(name, {recursive: true});
  }
}

function serve() {
  for (let i = 0; i < 5; ++i) ts.transpileModule(fs.readFileSync(__filename, 'utf8'), {compilerOptions: OPTIONS, fileName: 'main.ts'});
  send(sized(Buffer.alloc(0)));
  for (;;) {
    const {source, files} = told();
    for (const [name, content] of files) {
      fs.mkdirSync(path.dirname(name), {recursive: true});
      fs.writeFileSync(name, content);
    }
    const done = compile(source);
    const others = files.filter(([name]) => name.endsWith('.js') && !name.includes('/'));
    const products = new Map(others.map(([name, content]) => [name, Buffer.from(content)]));
    if (done.status === 0) for (const [name, js] of Object.entries(done.files)) products.set(name, Buffer.from(js, 'utf8'));
    empty();
    const listed = [...products].flatMap(([name, content]) => [text(name), sized(content)]);
    send(sized(Buffer.concat([number(done.status), text(''), text(done.stderr), number(products.size), ...listed])));
  }
}

if (process.argv[2] === '--resident') {
  serve();
} else {
  process.exitCode = main();
}
