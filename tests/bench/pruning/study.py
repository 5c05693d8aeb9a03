#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that exact top-10 designs read, over the bytes of an int8 scan, on real tables and queries.

  study.py --cli build/pintle --harvest build/pruning_harvest --shared DIR [--work DIR] [--queries N]

Every design is simulated on the f32 numbers and must keep each query's true top 10: a bound that is
violated is an error. Half of the states (odd ones) are what a design may learn from, N of the other
half are measured. README.md in this folder explains the designs and holds what this printed.
"""
import argparse, heapq, os, subprocess
import numpy as np

K = 10
ML, BEAUTY = 'data/ml-1m/ml-1m.txt', 'data/amazon-beauty/Beauty.txt'
TABLES = {  # in golden/index.tsv, which has weights and flags: interactions, and their ids' map
    'gpt2_ml1m': (ML, None),
    'recbole_sasrec_ml1m_apr27': (ML, 'checkpoints/recbole-sasrec/ml-1m_sas_to_recbole_items.txt'),
    'recbole_bert4rec_ml1m': (ML, None),
    'rechorus_recsae_ML1MTOPK_k16': (
        'data/ml-1m/ml-1m.txt', 'checkpoints/rechorus-recsae/movielens_to_ML_1MTOPK_items.txt'),
    'pmixer_sasrec_ml1m_epoch601': (ML, None),
    'pmixer_sasrec_ml1m_epoch1000': (ML, None),
    'snikem_sasrec_ml1m_postln_epoch120': (ML, None),
    'iclrec_Beauty': (BEAUTY, None),
}


def harvest(args, name):
    log, ids = TABLES[name]
    out = os.path.abspath(os.path.join(args.work, name))
    if not os.path.exists(out + '.states'):
        with open(os.path.join(args.shared, 'golden/index.tsv')) as index:
            rows = (line.rstrip('\n').split('\t') for line in index)
            weights, flags = next(r[1:3] for r in rows if r[0] == f'golden/{name}.json')
        quiet = {'cwd': args.shared, 'check': True, 'stdout': subprocess.DEVNULL}
        subprocess.run([os.path.abspath(args.cli), 'convert', '--weights', weights, *flags.split(),
                        '--precision', 'f32', '--out', out + '.pintle'], **quiet)
        subprocess.run([os.path.abspath(args.harvest), out + '.pintle', log, ids or '-', '10000', out],
                       **quiet)
    states = np.fromfile(out + '.states', 'f4')
    dim = states.size // 10000
    return np.fromfile(out + '.rows', 'f4').reshape(-1, dim).astype('f8'), states.reshape(-1, dim)



def balanced(moments, covariance):
    """B with y = B^T q and v = B^-1 x having the same diagonal second moments, largest first."""
    eye = np.eye(len(moments))
    moments = moments + eye * np.trace(moments) / len(eye) * 1e-3
    covariance = covariance + eye * np.trace(covariance) / len(eye) * 1e-3
    root = np.linalg.cholesky(covariance)
    w, u = np.linalg.eigh(root.T @ moments @ root)
    w, u = w[::-1], u[:, ::-1]
    return root @ u * w**-.25, (w**.25)[:, None] * (u.T @ np.linalg.inv(root))


def rounded(values, limit, factors=(1, .95, .9, .85, .8, .75, .7)):
    """Each row to integers up to `limit` times a scale, the best of some; the values and scales."""
    top = np.abs(values).max(1) / limit
    top[top == 0] = 1
    best = error = scales = None
    for f in factors:
        s = top * f
        x = np.clip(np.rint(values / s[:, None]), -limit, limit) * s[:, None]
        e = ((values - x)**2).sum(1)
        if best is None:
            best, error, scales = x, e, s
        else:
            m = e < error
            best, error, scales = np.where(m[:, None], x, best), np.where(m, e, error), np.where(m, s, scales)
    return best, scales


norm = lambda a: np.linalg.norm(a, axis=1)


def merged(y1, e1, y2, e2):
    """Two products of norms y1 e1 + y2 e2 under one: N_q rho_x, weighted for the mean query."""
    a2 = (y1.mean() * e2.mean()) / (y2.mean() * e1.mean() + 1e-300)
    return np.sqrt(y1**2 / a2 + y2**2), np.sqrt(a2 * e1**2 + e2**2)


class Study:
    def __init__(self, name, rows, states, queries):
        self.name, self.x, self.n, self.d = name, rows, len(rows), rows.shape[1]
        learn = states[1::2].astype('f8')
        self.q = states[::2][::5000 // queries][:queries].astype('f8')
        self.s = self.q @ rows.T
        self.full = (self.d + 3) // 4 * 4 + 4   # an int8 row with its scale
        mean = rows.mean(0)
        self.off = (self.q @ mean)[:, None]
        b, inverse = balanced(learn.T @ learn / len(learn), np.cov((rows - mean).T, bias=True))
        self.v, self.y = (rows - mean) @ inverse.T, self.q @ b
        tops = np.zeros(self.n)
        for i in range(0, len(learn), 500):
            scores = learn[i:i + 500] @ rows.T
            np.add.at(tops, np.argpartition(-scores, 50, axis=1)[:, :50].ravel(), 1)
        self.popular = np.argsort(-tops, kind='stable')
        x8, _ = rounded(rows, 127, (1,))
        s8, h = self.q @ x8.T, norm(self.q)[:, None] * norm(rows - x8)
        self.int8 = (s8 - h, s8 + h)

    def coarse4(self, p):
        """int4 of p dims; the bound is part of the same 32 columns (rounded up to one of 63 steps)."""
        d = self.v[:, :p].std(0)**-.5
        vp, yp = self.v[:, :p] * d, self.y[:, :p] / d
        x, scales = rounded(vp, 7)
        n, rho = merged(norm(yp), norm(vp - x), norm(self.y[:, p:]), norm(self.v[:, p:]))
        step = rho.max() / 56
        rho = np.ceil(rho / step) * step
        return yp, vp, x, scales, yp @ x.T + n[:, None] * rho + self.off

    def prefix8(self, p):
        x, _ = rounded(self.v[:, :p], 127, (1,))
        yp = self.y[:, :p]
        return (yp @ x.T + norm(yp)[:, None] * norm(self.v[:, :p] - x)
                + norm(self.y[:, p:])[:, None] * norm(self.v[:, p:]) + self.off)

    def fine4(self, p):
        """What int4 left of the prefix, and the tail, each rounded to 4 bits."""
        yp, vp, x, scales, upper = self.coarse4(p)
        step = (scales / 15)[:, None]
        left = np.clip(np.rint((vp - x) / step), -8, 7) * step
        d = self.v[:, p:].std(0)**-.5
        vt, yt = self.v[:, p:] * d, self.y[:, p:] / d
        tail, _ = rounded(vt, 7)
        n, rho = merged(norm(yp), norm(vp - x - left), norm(yt), norm(vt - tail))
        s, h = yp @ (x + left).T + yt @ tail.T + self.off, n[:, None] * rho * 1.001
        return upper, (s - h, s + h)

    def cascade(self, title, first_bytes, upper, bounds, bound_bytes, order, stop=None,
                row_bytes=None):
        """Rows by `order`: those whose `upper` may enter get `bounds`, those left at the end f32."""
        low, high = bounds
        row_bytes = self.d * 4 if row_bytes is None else row_bytes
        slack = 1e-9 * np.abs(self.s).max()
        assert (upper >= self.s - slack).all() and (high >= self.s - slack).all() and (low <= self.s + slack).all()
        first = second = third = 0
        for i in range(len(self.q)):
            u, h, l, heap, kept, bar, seen = upper[i, order], high[i, order], low[i, order], [], [], -np.inf, self.n
            for j in range(self.n):
                if stop is not None and stop[i, j] < bar:
                    seen = j
                    break
                if u[j] < bar: continue
                second += 1
                if h[j] < bar: continue
                kept.append(j)
                (heapq.heappush if len(heap) < K else heapq.heappushpop)(heap, l[j])
                if len(heap) == K: bar = heap[0]
            kept = [j for j in kept if h[j] >= bar]
            first, third = first + seen, third + len(kept)
            assert set(np.argsort(-self.s[i], kind='stable')[:K]) <= set(order[kept])
        q = len(self.q)
        cost = (first * first_bytes + second * bound_bytes + third * row_bytes) / q / self.n
        print(f'{self.name} | {title} | {first/q/self.n:.3f} | {second/q/self.n:.4f} | {third/q:.1f} | '
              f'{cost:.1f} | {cost/self.full:.3f}', flush=True)

    def run(self):
        ids = np.arange(self.n)
        int8 = self.d + 8
        free = np.full((len(self.q), self.n), np.inf)
        self.cascade('int8, f32 rows', 0, free, self.int8, self.full + 4, ids)
        lengths = np.argsort(-norm(self.x), kind='stable')
        self.cascade('by norm, stops early, int8', 0, free, self.int8, self.full + 8, lengths,
                     norm(self.q)[:, None] * norm(self.x)[lengths])
        for p in (8, 16, 24, 32):
            self.cascade(f'int8 prefix {p}, int8', p + 8, self.prefix8(p), self.int8, int8, self.popular)
        upper, fine = self.fine4(30)
        # 32 columns of 4 bits, an f16 scale; fine: as many bits for all dims, two f16 scales, the bound.
        fine_bytes = 16 + (self.d - 30 + 7) // 8 * 4 + 6
        self.cascade('int4 30 + bound, f32', 18, upper, (self.s, self.s), self.d * 4 + 4, self.popular,
                     row_bytes=0)
        self.cascade('int4 30 + bound, int8', 18, upper, self.int8, int8, self.popular)
        self.cascade('int4 30 + bound, fine int4', 18, upper, fine, fine_bytes + 4, self.popular)
        self.cascade('the same, items as they come', 18, upper, fine, fine_bytes, ids)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cli', required=True)
    parser.add_argument('--harvest', required=True)
    parser.add_argument('--shared', default=os.environ.get('PINTLE_SHARED'))
    parser.add_argument('--work', default='pruning-study')
    parser.add_argument('--queries', type=int, default=60)
    parser.add_argument('tables', nargs='*', default=list(TABLES))
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    print('table | design | rows seen | rows refined | f32 rows | bytes a row | of the int8 scan')
    for name in args.tables:
        Study(name, *harvest(args, name), args.queries).run()


main()
