import net from "node:net";
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from "undici";
import type { TlsOptions } from "./config.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** Half-open connections show by TCP's own probes long before a watch's dead-man timer. */
const KEEP_ALIVE_PROBE_MS = 30_000;
const IDLE_MS = 30_000;
const UNARY_CONNECTIONS = 32;

/** One agent for calls, one for streams, both HTTP/1.1, so that a dead connection takes nothing with it. */
export type Connections = { tlsText: string; unary: Dispatcher; streams: Dispatcher };

/** Makes both agents; nothing connects before the first request. `tlsText` tells these settings from later ones. */
export function openConnections(tls: TlsOptions, proxyUrl: string | null): Connections {
  const make = (connections: number | null): Dispatcher => {
    const shared = { allowH2: false, pipelining: 1, keepAliveTimeout: IDLE_MS, connections };
    if (proxyUrl !== null) return new ProxyAgent({ uri: proxyUrl, requestTls: tls, ...shared });
    return new Agent({ ...shared, connect: resettingConnector(tls) });
  };
  return { tlsText: JSON.stringify(tls), unary: make(UNARY_CONNECTIONS), streams: make(null) };
}

/**
 * Connections that are reset where they are given up. An ordinary close would leave what was not delivered yet to this
 * machine's TCP, which goes on trying for minutes: a create of long ago could reach an API server that is back, after its
 * lease and after its run was ended elsewhere.
 */
function resettingConnector(tls: TlsOptions): buildConnector.connector {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
  const connector = buildConnector({ ...tls, allowH2: false, timeout: CONNECT_TIMEOUT_MS, ...keepAlive });
  return (options, callback) => {
    // Without TLS there is only a test behind it.
    if (options.protocol !== "https:") return connector(options, callback);
    // Only a TCP socket of one's own can be reset; Node's TLS socket hides the one that it makes.
    const tcp = net.connect({ host: options.hostname, port: Number(options.port || 443), ...keepAlive });
    connector({ ...options, httpSocket: tcp }, (...answer) => {
      if (answer[1]) resetWhenGivenUp(answer[1], tcp);
      callback(...answer);
    });
  };
}

/** Node's TLS socket destroys the TCP socket beneath it at the right moment; resetting that by oneself crashes Node 24. */
function resetWhenGivenUp(socket: net.Socket, tcp: net.Socket): void {
  const destroy = socket.destroy.bind(socket);
  const destroyTcp = tcp.destroy.bind(tcp);
  socket.destroy = (error) => {
    socket.destroy = destroy;
    if (!error) return destroy();
    tcp.destroy = () => {
      tcp.destroy = destroyTcp;
      return tcp.resetAndDestroy();
    };
    return destroy(error);
  };
}
