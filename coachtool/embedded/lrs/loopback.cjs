'use strict';
// Loaded with --require before the learning record store starts: it would listen on every
// interface and outlive its parent. Here it listens on 127.0.0.1 only, and ends when its
// standard input is closed.
const net = require('net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  const port = Number(first);
  if (first === null || typeof first === 'object' || !Number.isInteger(port)) {
    throw new Error('This process listens on a loopback port only.');
  }
  return listen.call(this, { port, host: '127.0.0.1' }, ...rest.filter((value) => typeof value === 'function'));
};

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
