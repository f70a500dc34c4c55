#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""provider_model.py POSTAGED CONF PORT EXAMPLES STEPS: a user system's vault at
a provider (HTTP and the administrator's commands) against a model of it: an
account, its money, one system with its limits, what it ordered and was sold.  Prints how
much was done.  For tests/s_provider_model.sh."""
import base64
import http.client
import itertools
import json
import subprocess
import sys
import time

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (RuleBasedStateMachine, invariant,
                                 precondition, rule, run_state_machine_as_test)

POSTAGED, CONF, PORT, EXAMPLES, STEPS = sys.argv[1:6]
STAMP_MAX, DAY_MAX = 4000, 60000
DATE = int(time.strftime('%Y%m%d'))
numbers = itertools.count(1)
seen = {}


def command(*words):
    done = subprocess.run([POSTAGED, '--config', CONF, *words],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def money(mils):
    return '%d.%03d' % divmod(mils, 1000)


class Vault(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.account = 'account%d' % next(numbers)
        self.system = self.account + '-desk'
        command('account', 'add', 'Customer', self.account)
        command('psd', 'add', self.account, '--count', '2')
        said = command('system', 'add', self.account, self.system,
                       '--stamp-max', money(STAMP_MAX),
                       '--day-max', money(DAY_MAX))
        self.token = said.split('token, shown this once:\n')[1].strip()
        self.line = http.client.HTTPConnection('127.0.0.1', int(PORT))
        self.paid_in, self.spent = 20000, 0
        self.refs = {self.account: self.paid_in}
        command('credit', self.account, money(self.paid_in), '--ref',
                self.account)
        self.sold = {}  # key: (amount, indicium)
        self.orders = {}  # number: what was ordered
        self.gone = []  # numbers of orders that were dropped
        self.suspended = False
        self.old_fences = []
        self.fence = self.ask('GET', '/v1/vault')[1]['fence']

    def ask(self, method, path, body=None, name=None):
        self.line.request(method, path, json.dumps(body) if body else None, {
            'Authorization': 'Bearer ' + self.token,
            'Content-Type': 'application/json'})
        answer = self.line.getresponse()
        text = json.loads(answer.read())
        name = name or path, answer.status
        seen[name] = seen.get(name, 0) + 1
        return answer.status, text

    def order(self, wanted, fence=None, total=None):
        return self.ask('POST', '/v1/vault/indicia', {
            'fence': fence or self.fence,
            'total': sum(a for _, a in wanted) if total is None else total,
            'stamps': self.stamps(wanted)})

    def new_keys(self, amounts):
        return [('%032x' % (next(numbers) << 40), a) for a in amounts]

    def some_sold(self, data, least=1):
        return [(key, self.sold[key][0]) for key in data.draw(st.lists(
            st.sampled_from(sorted(self.sold)), unique=True, min_size=least,
            max_size=6))]

    def left(self):
        return self.paid_in - self.spent

    def refusals(self, fresh):
        """What each reason to say no would say."""
        total = sum(a for _, a in fresh)
        no = set()
        if self.suspended or any(a > STAMP_MAX for _, a in fresh) or \
                self.spent + total > DAY_MAX:
            no.add(403)
        if total > self.left():
            no.add(402)
        return no

    # --- buying ---------------------------------------------------------------

    def take(self, wanted, answer):
        assert [s['key'] for s in answer['stamps']] == [k for k, _ in wanted]
        for (key, amount), stamp in zip(wanted, answer['stamps']):
            assert stamp['replayed'] == (key in self.sold), stamp
            if key in self.sold:
                assert self.sold[key][1] == stamp['indicium'], key
                continue
            assert len(base64.b64decode(stamp['indicium'])) > 100
            assert stamp['indicium'] not in [i for _, i in
                                             self.sold.values()]
            self.sold[key] = amount, stamp['indicium']
            self.spent += amount

    @rule(amounts=st.lists(st.integers(1, 900), min_size=1, max_size=5))
    def buy_small(self, amounts):
        self.buy_these(self.new_keys(amounts), [])

    @rule(amounts=st.lists(st.integers(1, STAMP_MAX + 200), min_size=1,
                           max_size=5), old=st.booleans(), data=st.data())
    def buy(self, amounts, old, data):
        self.buy_these(self.new_keys(amounts),
                       self.some_sold(data) if old and self.sold else [])

    def buy_these(self, fresh, old):
        wanted = fresh + old
        no = self.refusals(fresh)
        status, answer = self.order(wanted)
        if no:
            assert status in no, (status, no, answer)
        else:
            assert status == 200, answer
            self.take(wanted, answer)

    @precondition(lambda self: self.sold)
    @rule(data=st.data(), late=st.booleans())
    def buy_again(self, data, late):
        wanted = self.some_sold(data)
        fence = self.old_fences[0] if late and self.old_fences else None
        status, answer = self.order(wanted, fence)
        assert status == 200, answer
        self.take(wanted, answer)

    # --- orders -----------------------------------------------------------------

    @staticmethod
    def stamps(wanted):
        return [{'key': key, 'amount': amount, 'mail_date': DATE,
                 'category': 'FCM'} for key, amount in wanted]

    def sums_agree(self, wanted, answer):
        due = sum(a for k, a in wanted if k not in self.sold)
        assert answer['stamps'] == len(wanted), answer
        assert answer['total'] == sum(a for _, a in wanted), answer
        assert answer['due'] == due, answer
        assert answer['funds'] == self.left(), answer
        assert answer['short'] == max(0, due - self.left()), answer

    @rule(amounts=st.lists(st.integers(1, STAMP_MAX + 200), min_size=1,
                           max_size=5), old=st.booleans(),
          keep=st.booleans(), data=st.data())
    def place(self, amounts, old, keep, data):
        fresh = self.new_keys(amounts)
        wanted = fresh + (self.some_sold(data) if old and self.sold else [])
        body = {'stamps': self.stamps(wanted)}
        if keep:
            body['key'] = '%032x' % next(numbers)
        path = '/v1/orders' if keep else '/v1/quote'
        status, answer = self.ask('POST', path, body)
        if self.refusals(fresh) - {402}:
            assert status == 403, answer
            return
        if status == 403:
            assert keep and len(self.orders) >= 32, answer
            return
        assert status == 200, answer
        self.sums_agree(wanted, answer)
        if keep:
            assert answer['order'] not in self.orders, answer
            assert answer['order'] not in self.gone, answer
            self.orders[answer['order']] = wanted
            assert self.ask('POST', path, body) == (200, answer)

    def buy_order(self, number, total, fence=None):
        return self.ask('POST', '/v1/orders/%d/checkout' % number, {
            'fence': fence or self.fence, 'total': total},
            '/v1/orders/N/checkout')

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), twice=st.booleans(), off=st.sampled_from(
        [0, 0, 0, 1, -1]), late=st.booleans())
    def checkout(self, data, twice, off, late):
        number = data.draw(st.sampled_from(sorted(self.orders)))
        wanted = self.orders[number]
        fresh = [(k, a) for k, a in wanted if k not in self.sold]
        fence = self.old_fences[0] if late and self.old_fences else None
        status, answer = self.buy_order(
            number, sum(a for _, a in wanted) + off, fence)
        no = self.refusals(fresh) if fresh else set()
        if fence and fresh:
            no.add(409)
        if off:
            no = {400}
        if no:
            assert status in no, (status, no, answer)
            return
        assert status == 200, answer
        self.take(wanted, answer)
        if twice:
            status, answer = self.buy_order(
                number, sum(a for _, a in wanted), fence)
            assert status == 200, answer
            self.take(wanted, answer)

    def is_bought(self, wanted):
        return all(k in self.sold for k, _ in wanted)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def drop(self, data):
        number = data.draw(st.sampled_from(sorted(self.orders)))
        wanted = self.orders[number]
        path = '/v1/orders/%d' % number
        status, answer = self.ask('DELETE', path, None, '/v1/orders/N')
        if self.is_bought(wanted):
            assert status == 400, answer
            return
        assert (status, answer['state']) == (200, 'dropped'), answer
        del self.orders[number]
        self.gone.append(number)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def gone_for_ever(self, data):
        number = data.draw(st.sampled_from(self.gone))
        assert self.buy_order(number, 1)[0] == 404
        for method in 'GET', 'DELETE':
            assert self.ask(method, '/v1/orders/%d' % number, None,
                            '/v1/orders/N')[0] == 404

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def look_at_order(self, data):
        number = data.draw(st.sampled_from(sorted(self.orders)))
        status, answer = self.ask('GET', '/v1/orders/%d' % number, None,
                                  '/v1/orders/N')
        wanted = self.orders[number]
        assert status == 200, answer
        assert answer['total'] == sum(a for _, a in wanted), answer
        assert answer['state'] == (
            'bought' if self.is_bought(wanted) else 'open'), answer

    # --- what must be refused ---------------------------------------------------

    @precondition(lambda self: self.sold)
    @rule(data=st.data())
    def same_key_other_stamp(self, data):
        wanted = [(k, a + 1) for k, a in self.some_sold(data)]
        status, answer = self.order(wanted)
        assert status == 422 and answer['kind'] == 'ERR_CORRUPT', answer

    @rule(amounts=st.lists(st.integers(1, 100), min_size=1, max_size=3),
          off=st.integers(-3, 3).filter(bool))
    def wrong_total(self, amounts, off):
        wanted = self.new_keys(amounts)
        status, answer = self.order(wanted,
                                    total=max(0, sum(amounts) + off))
        assert status == 400 and answer['kind'] == 'ERR_REQUEST', answer

    @rule(key=st.booleans())
    def key_twice(self, key):
        wanted = self.new_keys([5]) * 2
        assert self.order(wanted)[0] == 400

    @precondition(lambda self: self.old_fences)
    @rule(data=st.data())
    def old_fence(self, data):
        status, answer = self.order(self.new_keys([7]), data.draw(
            st.sampled_from(self.old_fences)))
        # whoever is suspended, or has nothing, may be told that instead
        assert status in {409} | self.refusals([('', 7)]), answer

    # --- looking ------------------------------------------------------------------

    @rule(data=st.data())
    def find(self, data):
        known = self.some_sold(data, 0) if self.sold else []
        keys = [k for k, _ in known + self.new_keys([1, 1])]
        status, answer = self.ask('POST', '/v1/vault/find', {'keys': keys})
        assert status == 200, answer
        assert [(s['key'], s['indicium']) for s in answer['stamps']] == \
            [(k, self.sold[k][1]) for k, _ in known]
        assert int(answer['fence']) > int(self.fence)
        self.old_fences.append(self.fence)
        self.fence = answer['fence']

    @rule()
    def recent(self):
        status, answer = self.ask('GET', '/v1/vault/recent')
        assert status == 200, answer
        last = list(self.sold.items())[-64:]
        assert sorted((s['key'], s['indicium']) for s in answer['stamps']) \
            == sorted((k, i) for k, (_, i) in last)

    # --- the administrator ------------------------------------------------------------

    @rule(sum_=st.integers(1, 20000), again=st.booleans())
    def pay_in(self, sum_, again):
        if again and self.refs:
            ref, sum_ = next(iter(self.refs.items()))
        else:
            ref = '%s-%d' % (self.account, next(numbers))
            self.refs[ref] = sum_
            self.paid_in += sum_
        command('credit', self.account, money(sum_), '--ref', ref)

    @rule()
    def suspend_or_resume(self):
        command('system', 'resume' if self.suspended else 'suspend',
                self.system)
        self.suspended = not self.suspended

    @invariant()
    def registers_agree(self):
        status, answer = self.ask('GET', '/v1/vault')
        assert status == 200, answer
        assert answer['ascending'] == self.spent, answer
        assert answer['piece_count'] == len(self.sold), answer
        assert answer['descending'] == self.left(), answer
        assert answer['fence'] == self.fence
        assert (answer['life'] == 'operational') != self.suspended, answer

    def teardown(self):
        self.line.close()


run_state_machine_as_test(Vault, settings=settings(
    max_examples=int(EXAMPLES), stateful_step_count=int(STEPS), deadline=None,
    suppress_health_check=list(HealthCheck), database=None,
    print_blob=True))
for (where, code), count in sorted(seen.items()):
    print('%-20s %d: %d' % (where, code, count))
print('%d answers' % sum(seen.values()))
