/// <reference path="/etc/passwd" />
/// <reference types="node" />
// @ts-nocheck
import * as ts from './.farm/typescript_compiler.js';
Object.defineProperty(Object.prototype, 'text', { get() { return 'LEAK'; } });
console.log(Object.keys(ts));
