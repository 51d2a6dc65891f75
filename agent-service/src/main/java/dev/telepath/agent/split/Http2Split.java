package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.tunnel.filter.RequestHead;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A caller's HTTP/2 connection, whose streams go each to the engagement that asks for it, else to the workload. Headers,
 * data, trailers and resets pass both ways; a window is given back when the other side has taken the bytes, so a slow reader
 * stops its writer and no other stream. Confined to the loop.
 */
final class Http2Split implements Leg.Listener, Http2Link.Events {
    private final Ways ways;
    private final Http2Link caller;
    private final Legs legs;
    private final Map<Leg, Http2Link> links = new IdentityHashMap<>();
    private final Map<Http2FrameStream, Exchange> exchanges = new IdentityHashMap<>();
    private boolean over;

    Http2Split(Leg caller, EventExecutor loop, Ways ways) {
        this.ways = ways;
        this.caller = new Http2Link(caller, true, this);
        this.legs = new Legs(ways, loop, this);
    }

    /** One request and its answer. */
    private static final class Exchange {
        final Http2FrameStream asked;
        /** What came before there was a link; bounded by the stream's window. */
        final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

        @Nullable
        Http2Link link;

        @Nullable
        Http2FrameStream served;

        Exchange(Http2FrameStream asked) {
            this.asked = asked;
        }
    }

    /**
     * @param drop releases what will never be sent
     */
    private record Waiting(Sending send, Runnable drop) {}

    void start(ByteString first) {
        caller.start();
        received(caller.leg(), first);
    }

    @Override
    public void received(Leg leg, ByteString bytes) {
        Http2Link link = link(leg);
        if (link != null) {
            link.received(bytes);
            // Windows bound what a connection may send, so that it can be read whenever it sends.
            leg.read();
        }
    }

    private @Nullable Http2Link link(Leg leg) {
        return leg == caller.leg() ? caller : links.get(leg);
    }

    @Override
    public void drained(Leg leg) {
        Http2Link link = link(leg);
        if (link != null) {
            link.writable(leg.writable());
        }
    }

    @Override
    public void ended(Leg leg) {
        gone(leg, "the connection ended");
    }

    @Override
    public void failed(Leg leg, StreamFailure why) {
        gone(leg, String.valueOf(why.getMessage()));
    }

    private void gone(Leg leg, String why) {
        if (leg == caller.leg()) {
            end(why);
            return;
        }
        legs.forget(leg);
        Http2Link link = links.remove(leg);
        leg.fail(why);
        if (link != null) {
            link.close();
            for (Exchange exchange : List.copyOf(exchanges.values())) {
                if (exchange.link == link) {
                    abandon(exchange, Http2Error.INTERNAL_ERROR.code());
                }
            }
        }
    }

    private void end(String why) {
        if (!over) {
            over = true;
            List.copyOf(links.values()).forEach(Http2Link::close);
            links.clear();
            exchanges.values().forEach(Http2Split::drop);
            exchanges.clear();
            caller.close();
            legs.failAll(why);
            caller.leg().finish();
            caller.leg().fail(why);
        }
    }

    @Override
    public void headers(Http2Link link, Http2FrameStream stream, Http2Headers headers, boolean last) {
        Exchange known = exchanges.get(stream);
        if (link == caller && known == null) {
            begin(stream, headers, last);
        } else if (known != null && link == caller) {
            toServer(known, (server, served) -> server.headers(served, headers, last), () -> {});
        } else if (known != null) {
            caller.headers(known.asked, headers, last);
        }
    }

    private interface Sending {
        void send(Http2Link server, Http2FrameStream served);
    }

    private static void toServer(Exchange exchange, Sending sending, Runnable drop) {
        if (exchange.link != null && exchange.served != null) {
            sending.send(exchange.link, exchange.served);
        } else {
            exchange.waiting.add(new Waiting(sending, drop));
        }
    }

    private void begin(Http2FrameStream asked, Http2Headers headers, boolean last) {
        var exchange = new Exchange(asked);
        exchanges.put(asked, exchange);
        toServer(exchange, (server, served) -> server.headers(served, headers, last), () -> {});
        Optional<Engagement> holder = Legs.holder(ways.hold(), head(headers));
        holder.ifPresentOrElse(
                engagement -> legs.open(engagement, new Legs.Opened() {
                    @Override
                    public void opened(Leg leg) {
                        serve(exchange, leg, true);
                    }

                    @Override
                    public void failed(StreamFailure why) {
                        if (why instanceof StreamFailure.DialRefused) {
                            refuse(exchange);
                        } else {
                            workload(exchange);
                        }
                    }
                }),
                () -> workload(exchange));
    }

    private void workload(Exchange exchange) {
        legs.open(null, new Legs.Opened() {
            @Override
            public void opened(Leg leg) {
                serve(exchange, leg, false);
            }

            @Override
            public void failed(StreamFailure why) {
                refuse(exchange);
            }
        });
    }

    /** Nobody listens there: the answer that gRPC and browsers understand. */
    private void refuse(Exchange exchange) {
        if (exchanges.containsKey(exchange.asked)) {
            caller.headers(exchange.asked, new DefaultHttp2Headers().status("502"), true);
            abandon(exchange, Http2Error.NO_ERROR.code());
        }
    }

    private void serve(Exchange exchange, Leg leg, boolean toClient) {
        if (over || !exchanges.containsKey(exchange.asked)) {
            return;
        }
        ways.decided(toClient);
        Http2Link link = links.get(leg);
        if (link == null) {
            link = new Http2Link(leg, false, this);
            links.put(leg, link);
            link.start();
        }
        Http2FrameStream served = link.newStream();
        exchange.link = link;
        exchange.served = served;
        exchanges.put(served, exchange);
        Waiting next;
        while ((next = exchange.waiting.poll()) != null) {
            next.send().send(link, served);
        }
        leg.read();
    }

    static RequestHead head(Http2Headers headers) {
        var named = new HashMap<String, String>();
        for (var header : headers) {
            String name = header.getKey().toString().toLowerCase(Locale.ROOT);
            if (!name.startsWith(":")) {
                named.putIfAbsent(name, header.getValue().toString());
            } else if (name.equals(":authority")) {
                named.put("host", header.getValue().toString());
            }
        }
        return new RequestHead(text(headers.method()), RequestHead.pathOf(text(headers.path())), named);
    }

    private static String text(@Nullable CharSequence text) {
        return text == null ? "" : text.toString();
    }

    @Override
    public void data(Http2Link link, Http2FrameStream stream, ByteBuf content, int counted, boolean last) {
        Exchange known = exchanges.get(stream);
        Runnable taken = () -> link.consumed(stream, counted);
        if (known == null) {
            content.release();
            taken.run();
        } else if (link == caller) {
            toServer(known, (server, served) -> server.data(served, content, last, taken), () -> {
                content.release();
                taken.run();
            });
        } else {
            caller.data(known.asked, content, last, taken);
        }
    }

    @Override
    public void reset(Http2Link link, Http2FrameStream stream, long code) {
        Exchange known = exchanges.get(stream);
        if (known != null) {
            if (link == caller) {
                forget(known);
                if (known.link != null && known.served != null) {
                    known.link.reset(known.served, code);
                }
            } else {
                abandon(known, code);
            }
        }
    }

    private void abandon(Exchange exchange, long code) {
        forget(exchange);
        caller.reset(exchange.asked, code);
    }

    private void forget(Exchange exchange) {
        exchanges.remove(exchange.asked);
        drop(exchange);
        if (exchange.served != null) {
            exchanges.remove(exchange.served);
        }
    }

    private static void drop(Exchange exchange) {
        exchange.waiting.forEach(waiting -> waiting.drop().run());
        exchange.waiting.clear();
    }

    @Override
    public void closed(Http2Link link, Http2FrameStream stream) {
        // The other half may still have something to send, so each goes by itself.
        Exchange known = exchanges.remove(stream);
        if (known != null && link == caller) {
            drop(known);
        }
    }

    @Override
    public void goingAway(Http2Link link) {
        if (link != caller) {
            // Its streams go on; the next one gets a new connection.
            legs.forget(link.leg());
        }
    }

    @Override
    public void broken(Http2Link link, String why) {
        gone(link.leg(), why);
    }
}
