package dev.telepath.tunnel.bridge;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.CallStreamObserver;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.util.concurrent.EventExecutor;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A bidirectional call whose demand is the call's own: {@code request(n)} goes to the peer, and the peer's readiness
 * pulls from the source. The generated Mutiny bindings read without bound instead (Quarkus issue 9329).
 *
 * <p>At most one batch of frames ({@link Credit}) and one HTTP/2 window lie between the two sides.
 */
public final class CallBridge {
    private CallBridge() {}

    /**
     * Serves one call with {@code Multi -> Multi} code.
     *
     * @param loop the call's event loop, to which requests and messages from other threads are handed
     * @param service what answers; its result is subscribed to at once
     */
    public static <I, O> StreamObserver<I> serve(
            StreamObserver<O> response, EventExecutor loop, Credit credit, Function<Multi<I>, Multi<O>> service) {
        return serveFlow(
                response,
                loop,
                credit,
                inbound -> service.apply(Multi.createFrom().publisher(inbound)));
    }

    /** As {@link #serve}, with nothing of Mutiny on the way of a message. */
    public static <I, O> StreamObserver<I> serveFlow(
            StreamObserver<O> response,
            EventExecutor loop,
            Credit credit,
            Function<Flow.Publisher<I>, Flow.Publisher<O>> service) {
        var call = (ServerCallStreamObserver<O>) response;
        call.disableAutoRequest();
        var inbound = new Inbound<I>(n -> onLoop(loop, () -> call.request(n)), reason -> {});
        var outbound = new ServerSink<>(call, loop, credit);
        call.setOnReadyHandler(outbound::pull);
        call.setOnCancelHandler(() -> {
            outbound.cancel();
            inbound.onError(
                    Status.CANCELLED.withDescription("the peer ended the call").asRuntimeException());
        });
        service.apply(inbound).subscribe(outbound);
        return inbound;
    }

    /**
     * Makes one call.
     *
     * @param requests what is sent; its completion half-closes the call, its failure cancels it
     * @return what the peer answers; the call starts when it is subscribed to, and is cancelled with it
     */
    public static <I, O> Multi<O> call(
            Channel channel, MethodDescriptor<I, O> method, CallOptions options, Credit credit, Multi<I> requests) {
        return Multi.createFrom()
                .publisher(subscriber -> callFlow(channel, method, options, credit, requests, subscriber));
    }

    /** As {@link #call}, at once, with nothing of Mutiny on the way of a message. */
    public static <I, O> void callFlow(
            Channel channel,
            MethodDescriptor<I, O> method,
            CallOptions options,
            Credit credit,
            Flow.Publisher<I> requests,
            Flow.Subscriber<? super O> answers) {
        var client = new Client<I, O>(credit, requests);
        ClientCalls.asyncBidiStreamingCall(channel.newCall(method, options), client);
        client.inbound.subscribe(answers);
    }

    private static void onLoop(EventExecutor loop, Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /** Messages of the peer as a publisher with one subscriber. Terminal events that come early are kept for it. */
    private static final class Inbound<T> implements StreamObserver<T>, Flow.Publisher<T>, Flow.Subscription {
        private final java.util.function.IntConsumer requester;
        private final java.util.function.Consumer<String> canceller;
        private Flow.@Nullable Subscriber<? super T> downstream;
        private boolean done;
        private boolean terminal;
        private @Nullable Throwable failure;

        Inbound(java.util.function.IntConsumer requester, java.util.function.Consumer<String> canceller) {
            this.requester = requester;
            this.canceller = canceller;
        }

        @Override
        public void subscribe(Flow.Subscriber<? super T> subscriber) {
            synchronized (this) {
                if (downstream != null) {
                    throw new IllegalStateException("a call's messages have one subscriber");
                }
                downstream = subscriber;
            }
            subscriber.onSubscribe(this);
            finish();
        }

        @Override
        public void request(long n) {
            synchronized (this) {
                if (done || terminal) {
                    return;
                }
            }
            requester.accept((int) Math.min(n, Integer.MAX_VALUE));
        }

        @Override
        public void cancel() {
            synchronized (this) {
                if (done) {
                    return;
                }
                done = true;
            }
            canceller.accept("nobody reads the answers");
        }

        @Override
        public void onNext(T item) {
            Flow.Subscriber<? super T> to;
            synchronized (this) {
                to = done ? null : downstream;
            }
            if (to != null) {
                to.onNext(item);
            }
        }

        @Override
        public void onError(Throwable cause) {
            terminate(cause);
        }

        @Override
        public void onCompleted() {
            terminate(null);
        }

        private void terminate(@Nullable Throwable cause) {
            synchronized (this) {
                if (terminal) {
                    return;
                }
                terminal = true;
                failure = cause;
            }
            finish();
        }

        private void finish() {
            Flow.Subscriber<? super T> to;
            synchronized (this) {
                if (!terminal || done || downstream == null) {
                    return;
                }
                done = true;
                to = downstream;
            }
            if (failure != null) {
                to.onError(failure);
            } else {
                to.onComplete();
            }
        }
    }

    /** Sends to a call. Serial, whatever thread the source emits on. */
    private abstract static class CallSink<T> extends Sink<T> {
        private final CallStreamObserver<T> call;

        CallSink(CallStreamObserver<T> call, Credit credit) {
            super(credit);
            this.call = call;
        }

        @Override
        protected boolean ready() {
            return call.isReady();
        }

        @Override
        protected void write(T item) {
            call.onNext(item);
        }

        @Override
        protected void completed() {
            call.onCompleted();
        }

        @Override
        protected void failed(Throwable cause) {
            call.onError(cause);
        }
    }

    private static final class ServerSink<T> extends CallSink<T> {
        private final EventExecutor loop;
        private final AtomicInteger handedOver = new AtomicInteger();

        ServerSink(ServerCallStreamObserver<T> call, EventExecutor loop, Credit credit) {
            super(call, credit);
            this.loop = loop;
        }

        /** Items that wait for the loop are not in the call's own count of what is under way. */
        @Override
        protected boolean ready() {
            return handedOver.get() == 0 && super.ready();
        }

        @Override
        protected void write(T item) {
            inOrder(() -> super.write(item));
        }

        @Override
        protected void completed() {
            inOrder(super::completed);
        }

        @Override
        protected void failed(Throwable cause) {
            inOrder(() -> super.failed(Status.fromThrowable(cause).asRuntimeException()));
        }

        /** A source may change threads: an end seen on the loop must not overtake items that still wait for the loop. */
        private void inOrder(Runnable task) {
            if (loop.inEventLoop() && handedOver.get() == 0) {
                task.run();
                return;
            }
            handedOver.incrementAndGet();
            loop.execute(() -> {
                int waiting = handedOver.decrementAndGet();
                task.run();
                if (waiting == 0) {
                    pull();
                }
            });
        }
    }

    private static final class Client<I, O> implements ClientResponseObserver<I, O> {
        private final Credit credit;
        private final Flow.Publisher<I> requests;
        private final Inbound<O> inbound;
        private @Nullable ClientCallStreamObserver<I> call;
        private @Nullable Sink<I> sink;

        Client(Credit credit, Flow.Publisher<I> requests) {
            this.credit = credit;
            this.requests = requests;
            this.inbound = new Inbound<>(this::request, this::cancel);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<I> requestStream) {
            this.call = requestStream;
            var out = new CallSink<I>(requestStream, credit) {
                @Override
                protected void failed(Throwable cause) {
                    requestStream.cancel("the stream failed", cause);
                }
            };
            this.sink = out;
            requestStream.disableAutoRequestWithInitial(0);
            // The source is subscribed to at the first readiness: before it the call has not started.
            requestStream.setOnReadyHandler(new Runnable() {
                private boolean subscribed;

                @Override
                public void run() {
                    if (!subscribed) {
                        subscribed = true;
                        requests.subscribe(out);
                    } else {
                        out.pull();
                    }
                }
            });
        }

        private void request(int n) {
            if (call != null) {
                call.request(n);
            }
        }

        private void cancel(String reason) {
            if (sink != null) {
                sink.cancel();
            }
            if (call != null) {
                call.cancel(reason, null);
            }
        }

        @Override
        public void onNext(O item) {
            inbound.onNext(item);
        }

        @Override
        public void onError(Throwable cause) {
            if (sink != null) {
                sink.cancel();
            }
            inbound.onError(cause);
        }

        @Override
        public void onCompleted() {
            if (sink != null) {
                sink.cancel();
            }
            inbound.onCompleted();
        }
    }
}
